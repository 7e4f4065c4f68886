/** Linear: tools as data. */

import type { ToolSet } from '../tool.ts';

export const linear: ToolSet = {
  provider: 'linear',
  base_url: 'https://api.linear.app/graphql',
  errors: {
    graphql: true,
    success: 'data.*.success',
    message: 'errors[0].extensions.userPresentableMessage | errors[0].message',
    code: 'errors[0].extensions.code',
    rate_limited: [
      {
        status: 429,
      },
      {
        status: 400,
        code: ['RATELIMITED'],
      },
      {
        status: 200,
        code: ['RATELIMITED'],
      },
    ],
  },
  tools: [
    {
      name: 'linear_get_me',
      connections: ['linear'],
      title: 'Who am I',
      description: 'The connected user.',
      method: 'POST',
      path: '',
      parameters: {
        type: 'object',
        properties: {},
        required: [],
        additionalProperties: false,
      },
      where: {},
      scopes_any: [['read']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'graphql',
      body_template: {
        query: 'query Me { viewer { id name email } }',
      },
      result: 'viewer',
      result_type: 'object',
      sources: ['https://linear.app/developers/graphql'],
      verified_against: '@linear/sdk 98.0.0 schema types',
      confidence: 'high',
    },
    {
      name: 'linear_list_teams',
      connections: ['linear'],
      title: 'List teams',
      description: 'Teams and their workflow states.',
      method: 'POST',
      path: '',
      parameters: {
        type: 'object',
        properties: {
          after: {
            type: 'string',
            description: 'Cursor.',
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        after: 'variables',
      },
      scopes_any: [['read']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'graphql',
      body_template: {
        query:
          'query Teams($after: String) { teams(first: 50, after: $after) { nodes { id key name states { nodes { id name type } } } pageInfo { endCursor hasNextPage } } }',
      },
      pagination: {
        kind: 'cursor',
        param: 'after',
        from: 'pageInfo.endCursor',
        more: 'pageInfo.hasNextPage',
      },
      result: 'teams.nodes',
      result_type: 'array',
      sources: ['https://linear.app/developers/graphql'],
      verified_against: '@linear/sdk 98.0.0 schema types',
      confidence: 'high',
    },
    {
      name: 'linear_list_issues',
      connections: ['linear'],
      title: 'List issues',
      description: 'Issues that match a filter.',
      method: 'POST',
      path: '',
      parameters: {
        type: 'object',
        properties: {
          filter: {
            type: 'object',
            description: 'IssueFilter, such as {team:{key:{eq:"ENG"}}}.',
            additionalProperties: true,
          },
          first: {
            type: 'integer',
            description: '1-250.',
            minimum: 1,
            maximum: 250,
          },
          after: {
            type: 'string',
            description: 'Cursor.',
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        filter: 'variables',
        first: 'variables',
        after: 'variables',
      },
      scopes_any: [['read']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'graphql',
      body_template: {
        query:
          'query Issues($filter: IssueFilter, $first: Int, $after: String) { issues(filter: $filter, first: $first, after: $after) { nodes { id identifier title url priority dueDate state { id name type } assignee { id name } team { id key } updatedAt } pageInfo { endCursor hasNextPage } } }',
      },
      pagination: {
        kind: 'cursor',
        param: 'after',
        from: 'pageInfo.endCursor',
        more: 'pageInfo.hasNextPage',
        size: 'first',
      },
      result: 'issues.nodes',
      result_type: 'array',
      sources: ['https://linear.app/developers/graphql'],
      verified_against: '@linear/sdk 98.0.0 schema types',
      confidence: 'high',
    },
    {
      name: 'linear_search_issues',
      connections: ['linear'],
      title: 'Search issues',
      description: 'Full-text search.',
      method: 'POST',
      path: '',
      parameters: {
        type: 'object',
        properties: {
          term: {
            type: 'string',
            description: 'Words.',
          },
          first: {
            type: 'integer',
            description: '1-250.',
            minimum: 1,
            maximum: 250,
          },
          after: {
            type: 'string',
            description: 'Cursor.',
          },
        },
        required: ['term'],
        additionalProperties: false,
      },
      where: {
        term: 'variables',
        first: 'variables',
        after: 'variables',
      },
      scopes_any: [['read']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'graphql',
      body_template: {
        query:
          'query Search($term: String!, $first: Int, $after: String) { searchIssues(term: $term, first: $first, after: $after) { nodes { id identifier title url } pageInfo { endCursor hasNextPage } } }',
      },
      pagination: {
        kind: 'cursor',
        param: 'after',
        from: 'pageInfo.endCursor',
        more: 'pageInfo.hasNextPage',
        size: 'first',
      },
      result: 'searchIssues.nodes',
      result_type: 'array',
      notes: 'Own, tighter rate limit at Linear.',
      sources: ['https://linear.app/developers/graphql'],
      verified_against: '@linear/sdk 98.0.0 schema types',
      confidence: 'high',
    },
    {
      name: 'linear_create_issue',
      connections: ['linear'],
      title: 'Create an issue',
      description: 'Create an issue.',
      method: 'POST',
      path: '',
      parameters: {
        type: 'object',
        properties: {
          input: {
            type: 'object',
            description: 'The new issue.',
            properties: {
              teamId: {
                type: 'string',
                description: 'Team id.',
              },
              title: {
                type: 'string',
                description: 'Title.',
              },
              description: {
                type: 'string',
                description: 'Markdown.',
              },
              assigneeId: {
                type: 'string',
                description: 'User id.',
              },
              priority: {
                type: 'integer',
                description: '0 none, 1 urgent, 2 high, 3 normal, 4 low.',
                minimum: 0,
                maximum: 4,
              },
              stateId: {
                type: 'string',
                description: 'Workflow state id.',
              },
              labelIds: {
                type: 'array',
                description: 'Label ids.',
                items: {
                  type: 'string',
                },
              },
              projectId: {
                type: 'string',
                description: 'Project id.',
              },
              dueDate: {
                type: 'string',
                description: 'YYYY-MM-DD.',
              },
            },
            required: ['teamId', 'title'],
            additionalProperties: false,
          },
        },
        required: ['input'],
        additionalProperties: false,
      },
      where: {
        input: 'variables',
      },
      scopes_any: [['issues:create'], ['write']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'graphql',
      body_template: {
        query:
          'mutation Create($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { id identifier url } } }',
      },
      result: 'issueCreate.issue',
      result_type: 'object',
      sources: ['https://linear.app/developers/graphql'],
      verified_against: '@linear/sdk 98.0.0 schema types',
      confidence: 'high',
    },
    {
      name: 'linear_update_issue',
      connections: ['linear'],
      title: 'Update an issue',
      description: 'Change an issue.',
      method: 'POST',
      path: '',
      parameters: {
        type: 'object',
        properties: {
          id: {
            type: 'string',
            description: 'Issue id or identifier.',
          },
          input: {
            type: 'object',
            description: 'Values to change.',
            properties: {
              title: {
                type: 'string',
                description: 'Title.',
              },
              description: {
                type: 'string',
                description: 'Markdown.',
              },
              assigneeId: {
                type: 'string',
                description: 'User id.',
              },
              stateId: {
                type: 'string',
                description: 'State id.',
              },
              priority: {
                type: 'integer',
                description: '0-4.',
                minimum: 0,
                maximum: 4,
              },
              addedLabelIds: {
                type: 'array',
                description: 'Label ids.',
                items: {
                  type: 'string',
                },
              },
              removedLabelIds: {
                type: 'array',
                description: 'Label ids.',
                items: {
                  type: 'string',
                },
              },
            },
            additionalProperties: false,
          },
        },
        required: ['id', 'input'],
        additionalProperties: false,
      },
      where: {
        id: 'variables',
        input: 'variables',
      },
      scopes_any: [['write']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'graphql',
      body_template: {
        query:
          'mutation Update($id: String!, $input: IssueUpdateInput!) { issueUpdate(id: $id, input: $input) { success issue { id identifier url } } }',
      },
      result: 'issueUpdate.issue',
      result_type: 'object',
      sources: ['https://linear.app/developers/graphql'],
      verified_against: '@linear/sdk 98.0.0 schema types',
      confidence: 'high',
    },
    {
      name: 'linear_add_comment',
      connections: ['linear'],
      title: 'Comment',
      description: 'Comment on an issue.',
      method: 'POST',
      path: '',
      parameters: {
        type: 'object',
        properties: {
          input: {
            type: 'object',
            description: 'The comment.',
            properties: {
              issueId: {
                type: 'string',
                description: 'Issue id.',
              },
              body: {
                type: 'string',
                description: 'Markdown.',
              },
              parentId: {
                type: 'string',
                description: 'Comment to answer.',
              },
            },
            required: ['issueId', 'body'],
            additionalProperties: false,
          },
        },
        required: ['input'],
        additionalProperties: false,
      },
      where: {
        input: 'variables',
      },
      scopes_any: [['comments:create'], ['write']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'graphql',
      body_template: {
        query:
          'mutation Comment($input: CommentCreateInput!) { commentCreate(input: $input) { success comment { id url } } }',
      },
      result: 'commentCreate.comment',
      result_type: 'object',
      sources: ['https://linear.app/developers/graphql'],
      verified_against: '@linear/sdk 98.0.0 schema types',
      confidence: 'high',
    },
  ],
};
