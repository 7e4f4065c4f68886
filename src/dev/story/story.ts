/**
 * What `npm start` shows: the story of one account, step by step, each told with the numbers of this run and checked
 * before it is told. It talks to the broker over HTTP as everybody does, and to the OAuth server as its user would.
 * The steps are in `connect.ts` and `refresh.ts`; here is their order. It starts and stops nothing but what
 * the stage lets it.
 */

import { cookieBrowser } from './cookie-browser.ts';
import { connect, repair, revokeAtProvider } from './connect.ts';
import { fetchToken, herd, killInMidRefresh } from './refresh.ts';
import { GRACE_S, StoryFailure, type Cast, type Scene, type Stage } from './scene.ts';

export { castOf, type Cast } from './scene.ts';

const STEPS: readonly (readonly [word: string, play: (scene: Scene) => Promise<void>])[] = [
  ['connect', connect],
  ['fetch', fetchToken],
  ['herd', herd],
  ['kill -9', killInMidRefresh],
  ['revoke', revokeAtProvider],
  ['repair', repair],
];

/**
 * How the provider behaves in the story: tokens of 90 seconds, so that a reader who stays sees them renewed; each
 * refresh replaces the refresh token, which is answered once more for ten minutes, and after that ends the grant.
 */
export const PROVIDER_SETTINGS = {
  rotation: 'rotating',
  graceS: GRACE_S,
  reuseKillsGrant: true,
  accessTokenTtlS: 90,
} as const;

/** Plays every step; `cast` is filled in on the way. @throws StoryFailure with the step that was not as told */
export async function playStory(stage: Stage, cast: Cast): Promise<void> {
  const browser = cookieBrowser();
  stage.provider.user.answer = 'ask';
  for (const [n, [word, play]] of STEPS.entries()) {
    let told = 0;
    const tell = (text: string): void => {
      if (told === 0) stage.terminal.step(n + 1, word, text);
      else stage.terminal.more(text);
      told += 1;
    };
    try {
      await play({ ...stage, cast, browser, tell });
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      throw new StoryFailure(`step ${n + 1} (${word}): ${what}`);
    }
  }
}
