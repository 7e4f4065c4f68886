/** The version that `/healthz` and the OpenAPI document name; a test compares it with package.json. */
export const VERSION = '0.1.0';
