/** Jira: tools as data. */

import type { ToolSet } from '../tool.ts';

export const jira: ToolSet = {
  provider: 'jira',
  base_url: 'https://api.atlassian.com/ex/jira/{cloudid}/rest/api/3',
  errors: {
    fails_when: [
      {
        at: 'errorMessages',
      },
    ],
    message: 'errorMessages[0] | errors.* | message',
    rate_limited: [
      {
        status: 429,
      },
    ],
    hidden: 'a missing permission looks the same',
  },
  tools: [
    {
      name: 'jira_search_issues',
      connections: ['jira'],
      title: 'Search issues',
      description: 'Issues that match JQL.',
      method: 'POST',
      path: '/search/jql',
      parameters: {
        type: 'object',
        properties: {
          jql: {
            type: 'string',
            description: 'JQL with at least one restriction.',
          },
          fields: {
            type: 'array',
            description: 'Fields to return; without it only ids come back.',
            items: {
              type: 'string',
            },
          },
          maxResults: {
            type: 'integer',
            description: '1-5000; fewer when many fields are asked for.',
            minimum: 1,
            maximum: 5000,
          },
          nextPageToken: {
            type: 'string',
            description: 'Cursor.',
          },
        },
        required: ['jql'],
        additionalProperties: false,
      },
      where: {
        jql: 'body',
        fields: 'body',
        maxResults: 'body',
        nextPageToken: 'body',
      },
      scopes_any: [['read:jira-work']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'json',
      pagination: {
        kind: 'cursor',
        param: 'nextPageToken',
        in: 'body',
        from: 'nextPageToken',
        size: 'maxResults',
      },
      result: 'issues',
      result_type: 'array',
      notes: 'GET/POST /search is gone (410 since 2025/26).',
      sources: [
        'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/#api-rest-api-3-search-jql-post',
      ],
      verified_against:
        'Atlassian KB page + NangoHQ/integration-templates@3196dff (path is newer than the swagger copy read)',
      confidence: 'high',
    },
    {
      name: 'jira_get_issue',
      connections: ['jira'],
      title: 'Get an issue',
      description: 'Read one issue.',
      method: 'GET',
      path: '/issue/{issueIdOrKey}',
      parameters: {
        type: 'object',
        properties: {
          issueIdOrKey: {
            type: 'string',
            description: 'Issue id or key.',
          },
          fields: {
            type: 'array',
            description: 'Fields (repeated or comma-separated).',
            items: {
              type: 'string',
            },
          },
          expand: {
            type: 'string',
            description: 'renderedFields, names, transitions, changelog.',
          },
        },
        required: ['issueIdOrKey'],
        additionalProperties: false,
      },
      where: {
        issueIdOrKey: 'path',
        fields: 'query',
        expand: 'query',
      },
      scopes_any: [['read:jira-work']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      result_type: 'object',
      sources: [
        'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-get',
      ],
      verified_against:
        'Atlassian swagger-v3 copy salto-io/jira-swaggers@e9edd0e (2022) + NangoHQ/integration-templates@3196dff (2026-08)',
      confidence: 'high',
    },
    {
      name: 'jira_create_issue',
      connections: ['jira'],
      title: 'Create an issue',
      description: 'Create an issue.',
      method: 'POST',
      path: '/issue',
      parameters: {
        type: 'object',
        properties: {
          fields: {
            type: 'object',
            description: 'project:{key}, issuetype:{name}, summary, description in ADF, …',
            additionalProperties: true,
          },
        },
        required: ['fields'],
        additionalProperties: false,
      },
      where: {
        fields: 'body',
      },
      scopes_any: [['write:jira-work']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      sources: [
        'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-post',
      ],
      verified_against:
        'Atlassian swagger-v3 copy salto-io/jira-swaggers@e9edd0e (2022) + NangoHQ/integration-templates@3196dff (2026-08)',
      confidence: 'high',
    },
    {
      name: 'jira_update_issue',
      connections: ['jira'],
      title: 'Update an issue',
      description: 'Change fields of an issue.',
      method: 'PUT',
      path: '/issue/{issueIdOrKey}',
      parameters: {
        type: 'object',
        properties: {
          issueIdOrKey: {
            type: 'string',
            description: 'Issue id or key.',
          },
          fields: {
            type: 'object',
            description: 'Values to set.',
            additionalProperties: true,
          },
          update: {
            type: 'object',
            description: 'Operations by field.',
            additionalProperties: true,
          },
          notifyUsers: {
            type: 'boolean',
            description: 'Send mail.',
          },
        },
        required: ['issueIdOrKey'],
        additionalProperties: false,
      },
      where: {
        issueIdOrKey: 'path',
        fields: 'body',
        update: 'body',
        notifyUsers: 'query',
      },
      scopes_any: [['write:jira-work']],
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
        'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-put',
      ],
      verified_against:
        'Atlassian swagger-v3 copy salto-io/jira-swaggers@e9edd0e (2022) + NangoHQ/integration-templates@3196dff (2026-08)',
      confidence: 'high',
    },
    {
      name: 'jira_add_comment',
      connections: ['jira'],
      title: 'Comment',
      description: 'Comment on an issue.',
      method: 'POST',
      path: '/issue/{issueIdOrKey}/comment',
      parameters: {
        type: 'object',
        properties: {
          issueIdOrKey: {
            type: 'string',
            description: 'Issue id or key.',
          },
          body: {
            type: 'object',
            description:
              'Atlassian Document Format: {type:"doc",version:1,content:[…]}. A text shorthand (one paragraph) is worth building in code.',
            additionalProperties: true,
          },
        },
        required: ['issueIdOrKey', 'body'],
        additionalProperties: false,
      },
      where: {
        issueIdOrKey: 'path',
        body: 'body',
      },
      scopes_any: [['write:jira-work']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      sources: [
        'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/#api-rest-api-3-issue-issueidorkey-comment-post',
      ],
      verified_against:
        'Atlassian swagger-v3 copy salto-io/jira-swaggers@e9edd0e (2022) + NangoHQ/integration-templates@3196dff (2026-08)',
      confidence: 'high',
    },
    {
      name: 'jira_list_transitions',
      connections: ['jira'],
      title: 'List transitions',
      description: 'Status changes that are possible now.',
      method: 'GET',
      path: '/issue/{issueIdOrKey}/transitions',
      parameters: {
        type: 'object',
        properties: {
          issueIdOrKey: {
            type: 'string',
            description: 'Issue id or key.',
          },
        },
        required: ['issueIdOrKey'],
        additionalProperties: false,
      },
      where: {
        issueIdOrKey: 'path',
      },
      scopes_any: [['read:jira-work']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      result: 'transitions',
      result_type: 'array',
      sources: [
        'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-transitions-get',
      ],
      verified_against:
        'Atlassian swagger-v3 copy salto-io/jira-swaggers@e9edd0e (2022) + NangoHQ/integration-templates@3196dff (2026-08)',
      confidence: 'high',
    },
    {
      name: 'jira_transition_issue',
      connections: ['jira'],
      title: 'Move an issue',
      description: 'Change the status of an issue.',
      method: 'POST',
      path: '/issue/{issueIdOrKey}/transitions',
      parameters: {
        type: 'object',
        properties: {
          issueIdOrKey: {
            type: 'string',
            description: 'Issue id or key.',
          },
          transition: {
            type: 'object',
            description: '{id} from the list of transitions.',
            additionalProperties: true,
          },
          fields: {
            type: 'object',
            description: 'Fields of the transition screen.',
            additionalProperties: true,
          },
        },
        required: ['issueIdOrKey', 'transition'],
        additionalProperties: false,
      },
      where: {
        issueIdOrKey: 'path',
        transition: 'body',
        fields: 'body',
      },
      scopes_any: [['write:jira-work']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      empty_status: [204],
      notes: '204 without a body.',
      sources: [
        'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-transitions-post',
      ],
      verified_against:
        'Atlassian swagger-v3 copy salto-io/jira-swaggers@e9edd0e (2022) + NangoHQ/integration-templates@3196dff (2026-08)',
      confidence: 'high',
    },
    {
      name: 'jira_list_projects',
      connections: ['jira'],
      title: 'List projects',
      description: 'Projects that the user can see.',
      method: 'GET',
      path: '/project/search',
      parameters: {
        type: 'object',
        properties: {
          query: {
            type: 'string',
            description: 'Part of key or name.',
          },
          startAt: {
            type: 'integer',
            description: 'Offset.',
            minimum: 0,
          },
          maxResults: {
            type: 'integer',
            description: '1-100.',
            minimum: 1,
            maximum: 100,
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        query: 'query',
        startAt: 'query',
        maxResults: 'query',
      },
      scopes_any: [['read:jira-work']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      pagination: {
        kind: 'offset',
        param: 'startAt',
        from: 'startAt+maxResults',
        more: '!isLast',
        size: 'maxResults',
      },
      result: 'values',
      result_type: 'array',
      sources: [
        'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-projects/#api-rest-api-3-project-search-get',
      ],
      verified_against:
        'Atlassian swagger-v3 copy salto-io/jira-swaggers@e9edd0e (2022) + NangoHQ/integration-templates@3196dff (2026-08)',
      confidence: 'high',
    },
    {
      name: 'jira_find_users',
      connections: ['jira'],
      title: 'Find users',
      description: 'Find users by name or email.',
      method: 'GET',
      path: '/user/search',
      parameters: {
        type: 'object',
        properties: {
          query: {
            type: 'string',
            description: 'Name or email.',
          },
          maxResults: {
            type: 'integer',
            description: '1-1000.',
            minimum: 1,
            maximum: 1000,
          },
        },
        required: ['query'],
        additionalProperties: false,
      },
      where: {
        query: 'query',
        maxResults: 'query',
      },
      scopes_any: [['read:jira-user']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      result_type: 'array',
      sources: [
        'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-user-search/#api-rest-api-3-user-search-get',
      ],
      verified_against:
        'Atlassian swagger-v3 copy salto-io/jira-swaggers@e9edd0e (2022) + NangoHQ/integration-templates@3196dff (2026-08)',
      confidence: 'high',
    },
  ],
};
