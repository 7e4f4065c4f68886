/** Notion: tools as data. */

import type { ToolSet } from '../tool.ts';

export const notion: ToolSet = {
  provider: 'notion',
  base_url: 'https://api.notion.com/v1',
  errors: {
    message: 'message',
    code: 'code',
    fails_when: [
      {
        at: 'object',
        equals: 'error',
      },
    ],
    rate_limited: [
      {
        status: 429,
      },
    ],
    hidden: 'what is not shared with the connection looks the same',
  },
  tools: [
    {
      name: 'notion_search',
      connections: ['notion'],
      title: 'Search',
      description: 'Find pages and data sources by title.',
      method: 'POST',
      path: '/search',
      parameters: {
        type: 'object',
        properties: {
          query: {
            type: 'string',
            description: 'Text of the title.',
          },
          filter: {
            type: 'object',
            description: '{property: "object", value: "page" | "data_source"}',
            additionalProperties: true,
          },
          sort: {
            type: 'object',
            description: '{timestamp: "last_edited_time", direction}',
            additionalProperties: true,
          },
          page_size: {
            type: 'integer',
            description: '1-100.',
            minimum: 1,
            maximum: 100,
          },
          start_cursor: {
            type: 'string',
            description: 'Cursor.',
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        query: 'body',
        filter: 'body',
        sort: 'body',
        page_size: 'body',
        start_cursor: 'body',
      },
      scopes_any: [[]],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      headers: {
        'Notion-Version': '2026-03-11',
      },
      body_encoding: 'json',
      pagination: {
        kind: 'cursor',
        param: 'start_cursor',
        from: 'next_cursor',
        more: 'has_more',
        in: 'body',
        size: 'page_size',
      },
      result: 'results',
      result_type: 'array',
      notes:
        'Needs the connection capability: read content (capabilities are set on the app, not asked for as scopes).',
      sources: ['https://developers.notion.com/reference/post-search'],
      verified_against: '@notionhq/client 5.26.0 api-endpoints',
      confidence: 'high',
    },
    {
      name: 'notion_get_page',
      connections: ['notion'],
      title: 'Get a page',
      description: 'Read the properties of a page.',
      method: 'GET',
      path: '/pages/{page_id}',
      parameters: {
        type: 'object',
        properties: {
          page_id: {
            type: 'string',
            description: 'Page id.',
          },
        },
        required: ['page_id'],
        additionalProperties: false,
      },
      where: {
        page_id: 'path',
      },
      scopes_any: [[]],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      headers: {
        'Notion-Version': '2026-03-11',
      },
      result_type: 'object',
      notes:
        'Needs the connection capability: read content (capabilities are set on the app, not asked for as scopes).',
      sources: ['https://developers.notion.com/reference/retrieve-a-page'],
      verified_against: '@notionhq/client 5.26.0 api-endpoints',
      confidence: 'high',
    },
    {
      name: 'notion_read_page',
      connections: ['notion'],
      title: 'Read a page as Markdown',
      description: 'Read the content of a page as Markdown.',
      method: 'GET',
      path: '/pages/{page_id}/markdown',
      parameters: {
        type: 'object',
        properties: {
          page_id: {
            type: 'string',
            description: 'Page id.',
          },
        },
        required: ['page_id'],
        additionalProperties: false,
      },
      where: {
        page_id: 'path',
      },
      scopes_any: [[]],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      headers: {
        'Notion-Version': '2026-03-11',
      },
      result_type: 'object',
      notes:
        'Needs the connection capability: read content (capabilities are set on the app, not asked for as scopes).',
      sources: ['https://developers.notion.com/reference/retrieve-page-markdown'],
      verified_against: '@notionhq/client 5.26.0 api-endpoints',
      confidence: 'high',
    },
    {
      name: 'notion_query_data_source',
      connections: ['notion'],
      title: 'Query a data source',
      description: 'Rows of a table that match a filter.',
      method: 'POST',
      path: '/data_sources/{data_source_id}/query',
      parameters: {
        type: 'object',
        properties: {
          data_source_id: {
            type: 'string',
            description: 'Data source id (not the database id).',
          },
          filter: {
            type: 'object',
            description: 'Notion filter.',
            additionalProperties: true,
          },
          sorts: {
            type: 'array',
            description: 'Sort rules.',
            items: {
              type: 'object',
              description: '{property, direction}',
              additionalProperties: true,
            },
          },
          page_size: {
            type: 'integer',
            description: '1-100.',
            minimum: 1,
            maximum: 100,
          },
          start_cursor: {
            type: 'string',
            description: 'Cursor.',
          },
        },
        required: ['data_source_id'],
        additionalProperties: false,
      },
      where: {
        data_source_id: 'path',
        filter: 'body',
        sorts: 'body',
        page_size: 'body',
        start_cursor: 'body',
      },
      scopes_any: [[]],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      headers: {
        'Notion-Version': '2026-03-11',
      },
      body_encoding: 'json',
      pagination: {
        kind: 'cursor',
        param: 'start_cursor',
        from: 'next_cursor',
        more: 'has_more',
        in: 'body',
        size: 'page_size',
      },
      result: 'results',
      result_type: 'array',
      notes:
        'Needs the connection capability: read content (capabilities are set on the app, not asked for as scopes).',
      sources: ['https://developers.notion.com/reference/query-a-data-source'],
      verified_against: '@notionhq/client 5.26.0 api-endpoints',
      confidence: 'high',
    },
    {
      name: 'notion_create_page',
      connections: ['notion'],
      title: 'Create a page',
      description: 'Create a page under a page or in a data source.',
      method: 'POST',
      path: '/pages',
      parameters: {
        type: 'object',
        properties: {
          parent: {
            type: 'object',
            description: '{page_id} or {data_source_id}.',
            additionalProperties: true,
          },
          properties: {
            type: 'object',
            description: 'Property values; a page under a page takes only title.',
            additionalProperties: true,
          },
          markdown: {
            type: 'string',
            description: 'Content as Markdown.',
          },
          children: {
            type: 'array',
            description: 'Content as blocks, at most 100.',
            items: {
              type: 'object',
              description: 'A block.',
              additionalProperties: true,
            },
          },
        },
        required: ['parent'],
        additionalProperties: false,
      },
      where: {
        parent: 'body',
        properties: 'body',
        markdown: 'body',
        children: 'body',
      },
      scopes_any: [[]],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      headers: {
        'Notion-Version': '2026-03-11',
      },
      body_encoding: 'json',
      result_type: 'object',
      notes:
        'Needs the connection capability: insert content (capabilities are set on the app, not asked for as scopes).',
      sources: ['https://developers.notion.com/reference/post-page'],
      verified_against: '@notionhq/client 5.26.0 api-endpoints',
      confidence: 'high',
    },
    {
      name: 'notion_update_page',
      connections: ['notion'],
      title: 'Update a page',
      description: 'Change properties of a page or move it to the trash.',
      method: 'PATCH',
      path: '/pages/{page_id}',
      parameters: {
        type: 'object',
        properties: {
          page_id: {
            type: 'string',
            description: 'Page id.',
          },
          properties: {
            type: 'object',
            description: 'Values to change.',
            additionalProperties: true,
          },
          in_trash: {
            type: 'boolean',
            description: 'true moves it to the trash.',
          },
        },
        required: ['page_id'],
        additionalProperties: false,
      },
      where: {
        page_id: 'path',
        properties: 'body',
        in_trash: 'body',
      },
      scopes_any: [[]],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      headers: {
        'Notion-Version': '2026-03-11',
      },
      body_encoding: 'json',
      result_type: 'object',
      notes:
        'Needs the connection capability: update content (capabilities are set on the app, not asked for as scopes).',
      sources: ['https://developers.notion.com/reference/patch-page'],
      verified_against: '@notionhq/client 5.26.0 api-endpoints',
      confidence: 'high',
    },
    {
      name: 'notion_append_blocks',
      connections: ['notion'],
      title: 'Append content',
      description: 'Append blocks to a page or block.',
      method: 'PATCH',
      path: '/blocks/{block_id}/children',
      parameters: {
        type: 'object',
        properties: {
          block_id: {
            type: 'string',
            description: 'Page or block id.',
          },
          children: {
            type: 'array',
            description: 'Blocks, at most 100.',
            items: {
              type: 'object',
              description: 'A block.',
              additionalProperties: true,
            },
            maxItems: 100,
          },
        },
        required: ['block_id', 'children'],
        additionalProperties: false,
      },
      where: {
        block_id: 'path',
        children: 'body',
      },
      scopes_any: [[]],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      headers: {
        'Notion-Version': '2026-03-11',
      },
      body_encoding: 'json',
      result_type: 'object',
      notes:
        'Needs the connection capability: insert content (capabilities are set on the app, not asked for as scopes).',
      sources: ['https://developers.notion.com/reference/patch-block-children'],
      verified_against: '@notionhq/client 5.26.0 api-endpoints',
      confidence: 'high',
    },
    {
      name: 'notion_add_comment',
      connections: ['notion'],
      title: 'Comment',
      description: 'Comment on a page or in a discussion.',
      method: 'POST',
      path: '/comments',
      parameters: {
        type: 'object',
        properties: {
          parent: {
            type: 'object',
            description: '{page_id} or {block_id}.',
            additionalProperties: true,
          },
          discussion_id: {
            type: 'string',
            description: 'Discussion to answer in.',
          },
          rich_text: {
            type: 'array',
            description: 'Rich text.',
            items: {
              type: 'object',
              description: '{text:{content}}',
              additionalProperties: true,
            },
          },
          markdown: {
            type: 'string',
            description: 'Text as Markdown.',
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        parent: 'body',
        discussion_id: 'body',
        rich_text: 'body',
        markdown: 'body',
      },
      scopes_any: [[]],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      headers: {
        'Notion-Version': '2026-03-11',
      },
      body_encoding: 'json',
      result_type: 'object',
      notes:
        'Needs the connection capability: insert comments (capabilities are set on the app, not asked for as scopes).',
      sources: ['https://developers.notion.com/reference/create-a-comment'],
      verified_against: '@notionhq/client 5.26.0 api-endpoints',
      confidence: 'high',
    },
  ],
};
