/** GitHub's REST API: issues, a release's assets. https://docs.github.com/en/rest */

import { isFirst, jsonOf, pageOf, sha256, type ApiAnswer, type Face, type Memory } from './face.ts';

const DOCS = 'https://docs.github.com/rest';
const ISSUES = Array.from({ length: 5 }, (_, n) => ({
  number: n + 1,
  title: `Issue ${n + 1}`,
  state: 'open',
}));

const refusal = (status: number, message: string, headers = {}): ApiAnswer => ({
  status,
  headers,
  body: { message, documentation_url: DOCS, status: String(status) },
});

function listed(
  path: string,
  query: URLSearchParams,
  { origin, isEmpty }: Memory,
  shown: (items: readonly object[]) => object = (items) => items,
): ApiAnswer {
  const n = Number(query.get('page') ?? 1);
  const size = Number(query.get('per_page') ?? 30);
  const { items, next } = pageOf(isEmpty ? [] : ISSUES, n, size);
  const url = (page: number) => `<${origin}${path}?per_page=${size}&page=${page}>`;
  const last = Math.ceil(ISSUES.length / size);
  const link = next === null ? {} : { link: `${url(next)}; rel="next", ${url(last)}; rel="last"` };
  return { status: 200, headers: { ...link, 'x-ratelimit-remaining': '4999' }, body: shown(items) };
}

/** What belongs to no repository. */
function elsewhere(method: string, path: string, query: URLSearchParams, memory: Memory): ApiAnswer | null {
  const found = (items: readonly object[]) => ({
    total_count: items.length,
    incomplete_results: false,
    items,
  });
  switch (`${method} ${path}`) {
    case 'GET /user':
      return { status: 200, body: { login: 'ada', id: 1 } };
    case 'GET /user/repos':
      return listed(path, query, memory);
    case 'GET /search/issues':
    case 'GET /search/code':
      return listed(path, query, memory, found);
    default:
      return null;
  }
}

export const github: Face = {
  refused: refusal(401, 'Bad credentials', { 'www-authenticate': 'Bearer' }),
  missing: refusal(404, 'Not Found'),
  answer: ({ method, path, query, headers, body }, memory) => {
    const [, root = '', , repo = '', what = '', id = '', more = ''] = path.split('/');
    if (root !== 'repos') return elsewhere(method, path, query, memory);
    if (repo === 'busy' && isFirst(memory, path))
      return refusal(429, 'You have exceeded a secondary rate limit.', { 'retry-after': '1' });
    switch (`${method} ${what}${id === '' ? '' : '/id'}${more === '' ? '' : `/${more}`}`) {
      case 'GET issues':
      case 'GET pulls':
        return listed(path, query, memory);
      case 'PATCH issues/id':
        return { status: 200, body: { number: Number(id), ...jsonOf(body) } };
      case 'POST issues/id/comments':
        return { status: 201, body: { id: 1, ...jsonOf(body) } };
      case `GET contents/id${more === '' ? '' : `/${more}`}`:
        return {
          status: 200,
          body: { type: 'file', path: decodeURIComponent(id), content: 'SGk=', encoding: 'base64' },
        };
      case 'POST issues':
        return {
          status: 201,
          body: { number: 6, ...jsonOf(body), version: headers['x-github-api-version'] },
        };
      case 'GET issues/id': {
        const issue = ISSUES.find(({ number }) => number === Number(id));
        return issue === undefined ? null : { status: 200, headers: { etag: '"1"' }, body: issue };
      }
      case 'POST releases/id/assets': {
        const name = query.get('name') ?? '';
        memory.files.set(name, body);
        return { status: 201, body: { id: 1, name, size: body.length, digest: `sha256:${sha256(body)}` } };
      }
      case 'GET zipball/id':
        return {
          status: 302,
          headers: { location: `${memory.origin}${path}/legacy` },
          body: Buffer.alloc(0),
        };
      case 'GET zipball/id/legacy': {
        const [file] = memory.files.values();
        return file === undefined
          ? null
          : { status: 200, headers: { 'content-type': 'application/zip' }, body: file };
      }
      default:
        return null;
    }
  },
};
