/** Salesforce: tools as data. */

import type { ToolSet } from '../tool.ts';

export const salesforce: ToolSet = {
  provider: 'salesforce',
  base_url: '{instance_url}',
  errors: {
    fails_when: [
      {
        at: '[0].errorCode',
      },
    ],
    message: '[0].message',
    code: '[0].errorCode',
    rate_limited: [
      {
        status: 429,
      },
      {
        status: 403,
        code: ['REQUEST_LIMIT_EXCEEDED'],
      },
    ],
  },
  tools: [
    {
      name: 'salesforce_query',
      connections: ['salesforce', 'salesforce-sandbox'],
      title: 'Run SOQL',
      description: 'Run a SOQL query.',
      method: 'GET',
      path: '/services/data/v66.0/query',
      parameters: {
        type: 'object',
        properties: {
          q: {
            type: 'string',
            description: 'SOQL.',
          },
        },
        required: ['q'],
        additionalProperties: false,
      },
      where: {
        q: 'query',
      },
      scopes_any: [['api'], ['full']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      pagination: {
        kind: 'url',
        from: 'nextRecordsUrl',
        more: '!done',
      },
      result: 'records',
      result_type: 'array',
      notes: 'One row-limit per page; nextRecordsUrl is a path on the same instance.',
      sources: [
        'https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm',
      ],
      verified_against: 'NangoHQ/integration-templates@3196dff + Salesforce REST guide pages',
      confidence: 'medium',
      unverified: ['no machine-readable description was read'],
    },
    {
      name: 'salesforce_search',
      connections: ['salesforce', 'salesforce-sandbox'],
      title: 'Search',
      description: 'Free-text search without SOSL.',
      method: 'GET',
      path: '/services/data/v66.0/parameterizedSearch',
      parameters: {
        type: 'object',
        properties: {
          q: {
            type: 'string',
            description: 'Text.',
          },
          sobject: {
            type: 'string',
            description: 'Only this object.',
          },
          in: {
            type: 'string',
            description: 'ALL, NAME, EMAIL, PHONE or SIDEBAR.',
          },
          overallLimit: {
            type: 'integer',
            description: 'Up to 2000.',
            minimum: 1,
            maximum: 2000,
          },
        },
        required: ['q'],
        additionalProperties: false,
      },
      where: {
        q: 'query',
        sobject: 'query',
        in: 'query',
        overallLimit: 'query',
      },
      scopes_any: [['api'], ['full']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      result: 'searchRecords',
      result_type: 'array',
      sources: [
        'https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_search_parameterized.htm',
      ],
      verified_against: 'NangoHQ/integration-templates@3196dff + Salesforce REST guide pages',
      confidence: 'medium',
      unverified: ['no machine-readable description was read'],
    },
    {
      name: 'salesforce_describe_object',
      connections: ['salesforce', 'salesforce-sandbox'],
      title: 'Describe an object',
      description: 'Fields of an object.',
      method: 'GET',
      path: '/services/data/v66.0/sobjects/{sobject}/describe',
      parameters: {
        type: 'object',
        properties: {
          sobject: {
            type: 'string',
            description: 'API name of the object, such as Account.',
            pattern: '^[A-Za-z][A-Za-z0-9_]*$',
          },
        },
        required: ['sobject'],
        additionalProperties: false,
      },
      where: {
        sobject: 'path',
      },
      scopes_any: [['api'], ['full']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      result_type: 'object',
      sources: [
        'https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm',
      ],
      verified_against: 'NangoHQ/integration-templates@3196dff + Salesforce REST guide pages',
      confidence: 'medium',
      unverified: ['no machine-readable description was read'],
    },
    {
      name: 'salesforce_get_record',
      connections: ['salesforce', 'salesforce-sandbox'],
      title: 'Get a record',
      description: 'Read one record.',
      method: 'GET',
      path: '/services/data/v66.0/sobjects/{sobject}/{id}',
      parameters: {
        type: 'object',
        properties: {
          sobject: {
            type: 'string',
            description: 'API name of the object, such as Account.',
            pattern: '^[A-Za-z][A-Za-z0-9_]*$',
          },
          id: {
            type: 'string',
            description: '15 or 18 character record id.',
            pattern: '^[a-zA-Z0-9]{15,18}$',
          },
          fields: {
            type: 'string',
            description: 'Comma-separated field names.',
          },
        },
        required: ['sobject', 'id'],
        additionalProperties: false,
      },
      where: {
        sobject: 'path',
        id: 'path',
        fields: 'query',
      },
      scopes_any: [['api'], ['full']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      result_type: 'object',
      sources: [
        'https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_retrieve_get.htm',
      ],
      verified_against: 'NangoHQ/integration-templates@3196dff + Salesforce REST guide pages',
      confidence: 'medium',
      unverified: ['no machine-readable description was read'],
    },
    {
      name: 'salesforce_create_record',
      connections: ['salesforce', 'salesforce-sandbox'],
      title: 'Create a record',
      description: 'Create a record.',
      method: 'POST',
      path: '/services/data/v66.0/sobjects/{sobject}',
      parameters: {
        type: 'object',
        properties: {
          sobject: {
            type: 'string',
            description: 'API name of the object, such as Account.',
            pattern: '^[A-Za-z][A-Za-z0-9_]*$',
          },
          record: {
            type: 'object',
            description: 'Field values.',
            additionalProperties: true,
          },
        },
        required: ['sobject', 'record'],
        additionalProperties: false,
      },
      where: {
        sobject: 'path',
        record: 'body_root',
      },
      scopes_any: [['api'], ['full']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      sources: [
        'https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_basic_info_post.htm',
      ],
      verified_against: 'NangoHQ/integration-templates@3196dff + Salesforce REST guide pages',
      confidence: 'medium',
      unverified: ['no machine-readable description was read'],
    },
    {
      name: 'salesforce_update_record',
      connections: ['salesforce', 'salesforce-sandbox'],
      title: 'Update a record',
      description: 'Change fields of a record.',
      method: 'PATCH',
      path: '/services/data/v66.0/sobjects/{sobject}/{id}',
      parameters: {
        type: 'object',
        properties: {
          sobject: {
            type: 'string',
            description: 'API name of the object, such as Account.',
            pattern: '^[A-Za-z][A-Za-z0-9_]*$',
          },
          id: {
            type: 'string',
            description: '15 or 18 character record id.',
            pattern: '^[a-zA-Z0-9]{15,18}$',
          },
          record: {
            type: 'object',
            description: 'Field values to change.',
            additionalProperties: true,
          },
        },
        required: ['sobject', 'id', 'record'],
        additionalProperties: false,
      },
      where: {
        sobject: 'path',
        id: 'path',
        record: 'body_root',
      },
      scopes_any: [['api'], ['full']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      empty_status: [204],
      notes: '204 without a body.',
      sources: [
        'https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_update_fields.htm',
      ],
      verified_against: 'NangoHQ/integration-templates@3196dff + Salesforce REST guide pages',
      confidence: 'medium',
      unverified: ['no machine-readable description was read'],
    },
  ],
};
