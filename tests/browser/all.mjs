// The page of the local cloud in real browsers, story by story.
//
//   node all.mjs                         starts target/debug/local itself and stops it
//   node all.mjs chat search             only these stories
//   BASE_URL=http://127.0.0.1:3000 ...   uses a cloud that runs (and resets it)

import { admin } from './admin.mjs';
import { blocks } from './blocks.mjs';
import { calls, prepaid } from './calls.mjs';
import { chat } from './chat.mjs';
import { credits } from './credits.mjs';
import { factors } from './factors.mjs';
import { held } from './held.mjs';
import { mute } from './mute.mjs';
import { password } from './password.mjs';
import { pictures } from './pictures.mjs';
import { search } from './search.mjs';
import { social } from './social.mjs';
import { Stage } from './stage.mjs';

const STORIES = { chat, mute, blocks, search, credits, held, pictures, password, factors,
  social, calls, prepaid, admin };

const wanted = process.argv.slice(2);
const stage = await Stage.open().catch((cause) => {
  console.log(`FAIL  ${cause.message}\n0 passed, 1 failed`);
  process.exit(1);
});
for (const [name, story] of Object.entries(STORIES)) {
  if (wanted.length && !wanted.includes(name)) continue;
  await stage.begin(name);
  await story(stage);
  await stage.finish();
}
await stage.close();
