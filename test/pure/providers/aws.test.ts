/** The scope of an AWS signature: what a host says of it, and what an answer says of the key. */

import { describe, expect, it } from 'vitest';
import { judgeApiAnswer } from '#providers/answers/api-answer.ts';
import { customDescriptor, parseProviderConfig } from '#providers/custom.ts';
import { awsRegionsOf, awsScopeOf, awsServiceOf } from '#providers/signing/aws.ts';

describe('the host of an API', () => {
  it.each([
    ['https://dynamodb.eu-central-1.amazonaws.com', 'dynamodb', 'eu-central-1'],
    ['https://bucket.s3.eu-west-1.amazonaws.com/x', 's3', 'eu-west-1'],
    ['https://s3.dualstack.us-west-2.amazonaws.com', 's3', 'us-west-2'],
    ['https://s3.amazonaws.com', 's3', null],
    ['https://email.us-east-1.amazonaws.com', 'ses', 'us-east-1'],
    ['https://a1b2c3.execute-api.us-gov-west-1.amazonaws.com/prod', 'execute-api', 'us-gov-west-1'],
    ['https://kms-fips.us-east-2.amazonaws.com', 'kms', 'us-east-2'],
    ['https://iam.amazonaws.com', 'iam', 'us-east-1'],
    ['https://sqs.cn-north-1.amazonaws.com.cn', 'sqs', 'cn-north-1'],
    ['https://acc.r2.cloudflarestorage.com', 's3', 'auto'],
    ['https://amazonaws.com.evil.example', null, null],
    ['https://dynamodb.{region}.amazonaws.com', null, null],
    ['http://127.0.0.1:9000', null, null],
  ])('%s: %s in %s', (url, service, region) => {
    const told = awsScopeOf(url);
    expect([told.service, told.region]).toEqual([service, region]);
  });

  it('says what the operator does not', () => {
    const s3 = { api_base_urls: ['https://b.s3.eu-west-1.amazonaws.com'] };
    expect(awsServiceOf(s3)).toEqual({ service: 's3', isKnown: true });
    expect(awsServiceOf({ ...s3, signer_service: 'other' })).toEqual({ service: 'other', isKnown: true });
    expect(awsServiceOf({ api_base_urls: ['https://api.acme.example'] })).toEqual({
      service: 'execute-api',
      isKnown: false,
    });
    expect(awsRegionsOf(s3)).toEqual(['eu-west-1']);
    expect(awsRegionsOf({ ...s3, signer_regions: ['us-east-1'] })).toEqual(['us-east-1']);
    expect(awsRegionsOf({ api_base_urls: ['https://api.acme.example'] })).toBeNull();
  });
});

describe('an answer to a signed request', () => {
  const judge = (signer: 'aws_sigv4' | 'oauth1_hmac_sha1', status: number, body: string, headers = {}) =>
    judgeApiAnswer({ api_dead_token_signals_with_200: [], signer }, { status, headers, body }, 0).verdict;
  const xml = (code: string, text = '') =>
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${text}</Message></Error>`;
  const json = (code: string, message = '') =>
    JSON.stringify({ __type: `com.amazon.coral.service#${code}`, message });

  it.each([
    [403, xml('InvalidAccessKeyId'), 'token_refused'],
    [403, xml('SignatureDoesNotMatch'), 'token_refused'],
    [400, xml('ExpiredToken'), 'token_refused'],
    [400, json('UnrecognizedClientException'), 'token_refused'],
    [400, json('ExpiredTokenException'), 'token_refused'],
    [403, xml('AccessDenied'), 'scope_missing'],
    [403, xml('RequestTimeTooSkewed'), 'other'],
    [400, json('InvalidSignatureException', 'Signature expired: 20150830T123600Z is now earlier'), 'other'],
    [403, xml('SignatureDoesNotMatch', 'Signature not yet current'), 'other'],
    [400, json('ValidationException'), 'other'],
    [404, xml('NoSuchKey'), 'other'],
    [401, 'no', 'token_refused'],
  ])('of AWS: %s %s is %s', (status, body, verdict) => {
    expect(judge('aws_sigv4', status, body)).toBe(verdict);
  });

  it('is read from the header of the REST APIs too', () => {
    const headers = { 'x-amzn-errortype': 'ExpiredTokenException:http://internal' };
    expect(judge('aws_sigv4', 403, '{}', headers)).toBe('token_refused');
  });

  it.each([
    ['oauth_problem=timestamp_refused', 'other'],
    ['{"errors":[{"code":135,"message":"Timestamp out of bounds."}]}', 'other'],
    ['oauth_problem=consumer_key_unknown', 'other'],
    ['{"errors":[{"code":89,"message":"Invalid or expired token."}]}', 'token_refused'],
    ['invalid token', 'token_refused'],
    ['{"timestamp":"2026-11-30T00:00:00Z","status":401}', 'token_refused'],
  ])('of OAuth 1: 401 %s is %s', (body, verdict) => {
    expect(judge('oauth1_hmac_sha1', 401, body)).toBe(verdict);
  });
});

describe('a provider_config of a signed API', () => {
  const errorsOf = (config: object) => {
    const parsed = parseProviderConfig(config);
    if (!parsed.ok) return parsed.errors.map(({ path }) => path);
    const made = customDescriptor(parsed.config);
    return made.ok ? made.descriptor : made.errors.map(({ path }) => path);
  };

  it('has one signer, and a caller may say which operation it means', () => {
    expect(
      errorsOf({ auth_type: 'aws', api_base_urls: ['https://s3.eu-west-1.amazonaws.com'] }),
    ).toMatchObject({
      signer: 'aws_sigv4',
      token_header: null,
      api_request_headers: ['x-amz-*'],
    });
    expect(errorsOf({ auth_type: 'oauth1' })).toMatchObject({ signer: 'oauth1_hmac_sha1' });
  });

  it.each([
    [{ auth_type: 'aws', signer: 'oauth1_hmac_sha1' }, ['provider_config.signer']],
    [{ auth_type: 'api_key', signer: 'aws_sigv4' }, ['provider_config.signer']],
    [{ auth_type: 'oauth1', signer: 'hmac' }, ['provider_config.signer']],
    [{ auth_type: 'oauth1', signer_service: 's3' }, ['provider_config.signer_service']],
    [{ auth_type: 'aws', signer_regions: ['Not A Region'] }, ['provider_config.signer_regions.0']],
    [{ auth_type: 'aws', token_header: 'X-Key: {region}' }, ['provider_config.token_header']],
    [
      { auth_type: 'oauth1', token_url: 'https://a.example/t' },
      ['provider_config.request_token_url', 'provider_config.authorization_url'],
    ],
    [
      { auth_type: 'api_key', request_token_url: 'https://a.example/t' },
      ['provider_config.request_token_url'],
    ],
  ])('%j is refused at %j', (config, paths) => {
    expect(errorsOf(config)).toEqual(paths);
  });
});
