// Nod's main job with no account anywhere: the app, and emulators of TikTok and the chats, on free ports of this machine.
import { runDemo } from './run.ts';

process.exitCode = await runDemo(process.argv.slice(2), {
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
});
