/** A whole page: which content belongs to a model, and the frame that all share. */

import { raw } from 'hono/html';
import type { FC } from 'hono/jsx';
import type { Asker, PageModel } from '../page-model.ts';
import { approvalAnsweredContent, approvalContent, approvalOverContent } from './approval/approval.tsx';
import type { Content } from './content.ts';
import { alreadyFinishedContent, comingBackContent, doneContent, succeededContent } from './finished.tsx';
import { DIRECTION } from './language.ts';
import { TIME_SCRIPT } from './clock-time.ts';
import { Badge, Mark } from './parts.tsx';
import { startContent } from './start.tsx';
import { STYLESHEET } from './stylesheet.ts';
import * as trouble from './trouble.tsx';
import { safeLogo, safePath, shownText } from './untrusted.ts';
import type { Words } from './words.tsx';

function contentOf(model: PageModel, words: Words): Content {
  switch (model.kind) {
    case 'start':
      return startContent(model, words);
    case 'done':
      return doneContent(model, words);
    case 'succeeded':
      return succeededContent(model, words);
    case 'already_finished':
      return alreadyFinishedContent(model, words);
    case 'denied':
      return trouble.deniedContent(model, words);
    case 'unknown_link':
      return trouble.unknownLinkContent(model, words);
    case 'expired_link':
      return trouble.expiredLinkContent(model, words);
    case 'used_link':
      return trouble.usedLinkContent(model, words);
    case 'repair_over':
      return trouble.repairOverContent(model, words);
    case 'foreign_post':
      return trouble.foreignPostContent(model, words);
    case 'wrong_browser':
      return trouble.wrongBrowserContent(model, words);
    case 'expired_session':
      return trouble.expiredSessionContent(model, words);
    case 'invalid_callback':
      return trouble.invalidCallbackContent(model, words);
    case 'mismatch':
      return trouble.mismatchContent(model, words);
    case 'provider_error':
      return trouble.providerErrorContent(model, words);
    case 'provider_unavailable':
      return trouble.providerUnavailableContent(model, words);
    case 'misconfigured':
      return trouble.misconfiguredContent(model, words);
    case 'approval':
      return approvalContent(model, words);
    case 'approval_answered':
      return approvalAnsweredContent(model, words);
    case 'approval_over':
      return approvalOverContent(model, words);
    case 'coming_back':
      return comingBackContent(model, words);
    case 'unavailable':
      return trouble.unavailableContent(model, words);
    case 'failure':
      return trouble.failureContent(model, words);
  }
}

/** Does the page say a time, which a script puts into the reader's zone? */
export function hasTime(model: PageModel): boolean {
  return (
    model.kind === 'done' || model.kind === 'approval' || (model.kind === 'start' && model.expiresAt !== null)
  );
}

/**
 * The app that asks, at the top of every page. The name is text beside the picture, so the picture needs no words of
 * its own.
 */
const AskerLine: FC<{ asker: Asker }> = ({ asker }) => {
  const logo = safeLogo(asker.logoUrl);
  if (logo === null && asker.name === null) return null;
  return (
    <header class="asker">
      {logo === null ? null : <img src={logo} alt="" width="40" height="40" />}
      {asker.name === null ? null : <bdi>{shownText(asker.name)}</bdi>}
    </header>
  );
};

/** At once, and without a script: a navigation that this page begins takes our cookie along. */
const ComingBack: FC<{ path: string }> = ({ path }) => {
  const safe = safePath(path);
  return safe === null ? null : <meta http-equiv="refresh" content={`0; url=${safe}`} />;
};

/** The markup of a page. A picture for the tab is always named, so that no browser asks for `/favicon.ico`. */
export const Page: FC<{ model: PageModel; words: Words }> = ({ model, words }) => {
  const { heading, title, tone, mark, body } = contentOf(model, words);
  const { asker } = model;
  return (
    <html lang={words.locale} dir={DIRECTION[words.locale]}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex, nofollow" />
        {model.kind === 'coming_back' ? <ComingBack path={model.path} /> : null}
        <title>{asker.name === null ? title : `${title} · ${shownText(asker.name)}`}</title>
        <link rel="icon" href={safeLogo(asker.logoUrl) ?? 'data:,'} />
        <style>{raw(STYLESHEET)}</style>
      </head>
      <body>
        <div class="page">
          <AskerLine asker={asker} />
          <main>
            {tone === null && mark === undefined ? null : (
              <div class="marks">
                {mark === undefined ? null : <Badge mark={mark} />}
                {tone === null ? null : <Mark tone={tone} />}
              </div>
            )}
            <h1>{heading}</h1>
            {body}
          </main>
        </div>
        {hasTime(model) ? <script>{raw(TIME_SCRIPT)}</script> : null}
      </body>
    </html>
  );
};
