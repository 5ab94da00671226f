// Plain JavaScript without imports: it must run on the Node that is too old, before anything native is loaded.
const major = Number(process.versions.node.split('.')[0]);

if (major < 24) {
  console.error(
    `Nod needs Node 24 or newer, and this is Node ${process.versions.node}: run it with "npm start", which uses the Node 24 that "npm ci" puts into node_modules.`,
  );
  process.exit(1);
}
