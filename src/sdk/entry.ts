/** The entry `valetkey`: for agents. */

export type { Asked } from './asked.ts';
export type { ToolCall, ToolFilter, Tools } from './calls/tools.ts';
export { Credential, type DeadToken } from './credential.ts';
export {
  AccountNotActiveError,
  AccountPendingError,
  ApprovalRequiredError,
  ConflictError,
  ConnectionError,
  InvalidRequestError,
  isValetkeyError,
  NotFoundError,
  PolicyDeniedError,
  ProviderError,
  ProviderUnavailableError,
  RateLimitedError,
  ReauthRequiredError,
  UnauthenticatedError,
  ValetkeyError,
} from './errors/errors.ts';
export type { Key, ValetkeyOptions } from './settings.ts';
export { Valetkey, type FetchOptions } from './valetkey.ts';
export type { ListedTool, Problem, ToolResult } from './wire.ts';
