/** Google Drive v3: files, their content, uploads in one piece and in sessions. https://developers.google.com/drive/api */

import {
  fileIn,
  isFirst,
  jsonOf,
  pageOf,
  type ApiAnswer,
  type ApiRequest,
  type Face,
  type Memory,
} from '../face.ts';

const FILES = Array.from({ length: 5 }, (_, n) => ({ id: `file-${n + 1}`, name: `File ${n + 1}` }));

const refusal = (code: number, status: string, message: string, headers = {}): ApiAnswer => ({
  status: code,
  headers,
  body: { error: { code, message, status, errors: [{ message, reason: status }] } },
});

function listed(query: URLSearchParams, { isEmpty }: Memory): ApiAnswer {
  const { items, next } = pageOf(
    isEmpty ? [] : FILES,
    Number(query.get('pageToken') ?? 1),
    Number(query.get('pageSize') ?? 100),
  );
  return { status: 200, body: { files: items, ...(next === null ? {} : { nextPageToken: String(next) }) } };
}

function uploaded(request: ApiRequest, { files, origin }: Memory): ApiAnswer | null {
  const { method, path, query, headers, body } = request;
  switch (`${method} ${query.get('uploadType')}`) {
    case 'POST multipart': {
      const file = fileIn(request);
      files.set('uploaded', file);
      return { status: 200, body: { id: 'uploaded', size: String(file.length) } };
    }
    case 'POST resumable': {
      const location = `${origin}${path}?uploadType=resumable&upload_id=session-1`;
      return {
        status: 200,
        headers: { location, 'x-seen-type': headers['x-upload-content-type'] ?? '' },
        body: {},
      };
    }
    case 'PUT resumable':
      files.set('uploaded', body);
      return { status: 200, body: { id: 'uploaded', size: String(body.length) } };
    default:
      return null;
  }
}

export const googleDrive: Face = {
  refused: refusal(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.', {
    'www-authenticate': 'Bearer error="invalid_token"',
  }),
  missing: refusal(404, 'notFound', 'File not found.'),
  answer: (request, memory) => {
    const { method, path, query, body } = request;
    if (path === '/upload/drive/v3/files') return uploaded(request, memory);
    if (path === '/drive/v3/files') return listed(query, memory);
    const shared = /^\/drive\/v3\/files\/([^/]+)\/(export|permissions)$/.exec(path);
    if (shared?.[2] === 'permissions' && method === 'POST')
      return { status: 200, body: { id: 'p1', kind: 'drive#permission', ...jsonOf(body) } };
    if (shared?.[2] === 'export' && method === 'GET')
      return {
        status: 200,
        headers: { 'content-type': query.get('mimeType') ?? 'text/plain' },
        body: Buffer.from('Hello'),
      };
    const id = /^\/drive\/v3\/files\/([^/]+)$/.exec(path)?.[1];
    if (id === undefined) return null;
    if (id === 'busy' && isFirst(memory, path))
      return refusal(429, 'rateLimitExceeded', 'Rate Limit Exceeded', { 'retry-after': '1' });
    if (method !== 'GET') return { status: 200, body: { id, ...jsonOf(body) } };
    const content = memory.files.get(id);
    if (query.get('alt') === 'media')
      return content === undefined
        ? null
        : { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: content };
    const found = id === 'busy' ? FILES[0] : FILES.find((one) => one.id === id);
    return found === undefined ? null : { status: 200, body: found };
  },
};
