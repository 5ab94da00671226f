/** The one style sheet of all pages. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f4f6f4;
  --card: #ffffff;
  --ink: #16201b;
  --quiet: #53615a;
  --line: #dde4df;
  --accent: #0a6b4f;
  --accent-strong: #075540;
  --on-accent: #ffffff;
  --good: #0a6b4f;
  --good-soft: #e0f3ea;
  --warn: #8a5000;
  --warn-soft: #fcefd9;
  --bad: #a8261d;
  --bad-soft: #fbe5e2;
  --shadow: 0 1px 2px rgb(16 32 24 / 6%), 0 8px 28px rgb(16 32 24 / 7%);
}

@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0f1412;
    --card: #181f1c;
    --ink: #e8eeeb;
    --quiet: #a2b0a9;
    --line: #2b3531;
    --accent: #54d3a5;
    --accent-strong: #7ee0bd;
    --on-accent: #05251a;
    --good: #6fdcb4;
    --good-soft: #14352a;
    --warn: #f2bd6b;
    --warn-soft: #3a2b12;
    --bad: #ff9d92;
    --bad-soft: #421e1a;
    --shadow: none;
  }
}

*,
*::before,
*::after {
  box-sizing: border-box;
}

html {
  -webkit-text-size-adjust: 100%;
  text-size-adjust: 100%;
}

body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  display: grid;
  grid-template-rows: auto 1fr auto;
  background: var(--paper);
  color: var(--ink);
  font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: anywhere;
}

.bar,
.foot,
main {
  width: 100%;
  max-width: 38rem;
  margin: 0 auto;
  padding: 0 1.25rem;
}

.bar {
  padding-top: 1rem;
}

.brand {
  display: inline-flex;
  align-items: center;
  gap: 0.6rem;
  min-height: 44px;
  color: inherit;
  font-weight: 700;
  font-size: 1.15rem;
  letter-spacing: -0.01em;
  text-decoration: none;
}

.brand svg {
  width: 2rem;
  height: 2rem;
}

.mark-bubble {
  fill: var(--accent);
}

.mark-check {
  fill: none;
  stroke: var(--on-accent);
  stroke-width: 3.2;
  stroke-linecap: round;
  stroke-linejoin: round;
}

main {
  padding-top: 0.75rem;
  padding-bottom: 2rem;
}

.card {
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 1.1rem;
  box-shadow: var(--shadow);
  padding: 1.5rem 1.35rem 1.6rem;
}

h1 {
  margin: 0 0 0.75rem;
  font-size: 1.65rem;
  line-height: 1.2;
  letter-spacing: -0.02em;
  text-wrap: balance;
}

h2 {
  margin: 1.9rem 0 0.4rem;
  font-size: 1.1rem;
  line-height: 1.35;
  letter-spacing: -0.005em;
}

p {
  margin: 0 0 0.9rem;
}

.card > :last-child {
  margin-bottom: 0;
}

.lead {
  font-size: 1.125rem;
}

.quiet {
  color: var(--quiet);
  font-size: 0.9375rem;
}

a {
  color: var(--accent);
  text-underline-offset: 0.18em;
  text-decoration-thickness: 0.07em;
}

a:hover {
  color: var(--accent-strong);
}

:focus-visible {
  outline: 3px solid var(--accent);
  outline-offset: 3px;
  border-radius: 0.35rem;
}

ul,
ol {
  margin: 0 0 1rem;
  padding-left: 1.35rem;
}

li {
  margin: 0.3rem 0;
}

li::marker {
  color: var(--quiet);
}

.facts {
  display: grid;
  grid-template-columns: max-content 1fr;
  gap: 0.45rem 1rem;
  margin: 1.1rem 0 0;
  padding: 0.9rem 1rem;
  border-radius: 0.75rem;
  background: var(--paper);
}

.facts dt {
  color: var(--quiet);
}

.facts dd {
  margin: 0;
  font-weight: 600;
}

.ticks {
  list-style: none;
  padding: 0;
}

.ticks li {
  display: grid;
  grid-template-columns: 1.35rem 1fr;
  gap: 0.7rem;
  margin: 0.75rem 0;
}

.ticks svg {
  width: 1.35rem;
  height: 1.35rem;
  margin-top: 0.1rem;
}

.ticks p {
  margin: 0;
}

.icon {
  fill: none;
  stroke: currentcolor;
  stroke-width: 2.4;
  stroke-linecap: round;
  stroke-linejoin: round;
}

.ticks .icon {
  color: var(--good);
}

.badge {
  display: grid;
  place-items: center;
  width: 3.25rem;
  height: 3.25rem;
  margin-bottom: 1rem;
  border-radius: 50%;
}

.badge svg {
  width: 1.75rem;
  height: 1.75rem;
}

.good {
  color: var(--good);
  background: var(--good-soft);
}

.warn {
  color: var(--warn);
  background: var(--warn-soft);
}

.bad {
  color: var(--bad);
  background: var(--bad-soft);
}

.notice {
  margin: 1.1rem 0;
  padding: 0.85rem 1rem;
  border-radius: 0.75rem;
}

.notice > * {
  color: var(--ink);
}

.notice > :last-child {
  margin-bottom: 0;
}

.look {
  display: block;
  max-width: 100%;
  height: auto;
  max-height: 75vh;
  max-height: 75svh;
  margin: 0 auto;
  background: var(--paper);
  object-fit: contain;
}

video.look {
  background: #000000;
}

.strip {
  display: grid;
  grid-auto-flow: column;
  grid-auto-columns: min(86%, 24rem);
  gap: 0.75rem;
  padding: 0 0 0.5rem;
  list-style: none;
  overflow-x: auto;
  scroll-snap-type: x proximity;
}

.strip li {
  margin: 0;
  scroll-snap-align: start;
}

.strip .look {
  width: 100%;
  aspect-ratio: 3 / 4;
}

.strip p {
  margin: 0.35rem 0 0;
  text-align: center;
}

.caption {
  white-space: pre-wrap;
  unicode-bidi: plaintext;
}

form {
  margin: 1.5rem 0 0.9rem;
}

.button {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  min-height: 3.1rem;
  padding: 0.6rem 1.5rem;
  border: 0;
  border-radius: 0.8rem;
  background: var(--accent);
  color: var(--on-accent);
  font: inherit;
  font-weight: 650;
  text-align: center;
  text-decoration: none;
  cursor: pointer;
  transition: background-color 0.12s;
}

.button:hover {
  background: var(--accent-strong);
  color: var(--on-accent);
}

.button.wide {
  width: 100%;
}

.actions {
  display: flex;
  flex-wrap: wrap;
  gap: 0.75rem;
  margin: 1.4rem 0 1rem;
}

code {
  padding: 0.1em 0.35em;
  border-radius: 0.35em;
  background: var(--paper);
  font: 0.9em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace;
}

.notice code {
  background: none;
  padding: 0;
}

.foot {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 0 1.5rem;
  padding-top: 0.5rem;
  padding-bottom: 1rem;
  color: var(--quiet);
  font-size: 0.9375rem;
}

.foot a {
  display: inline-flex;
  align-items: center;
  min-height: 44px;
  color: inherit;
}

@media (min-width: 40rem) {
  .bar {
    padding-top: 2rem;
  }

  main {
    padding-top: 1.25rem;
  }

  .card {
    padding: 2.25rem 2.5rem 2.4rem;
  }

  h1 {
    font-size: 2rem;
  }

  .button.wide {
    width: auto;
    min-width: 16rem;
  }
}

@media (max-width: 30rem) {
  .actions .button {
    width: 100%;
  }
}

@media (prefers-reduced-motion: reduce) {
  .button {
    transition: none;
  }
}
`.trimStart();
