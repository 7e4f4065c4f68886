/** Stripe: tools as data. */

import type { ToolSet } from '../tool.ts';

export const stripe: ToolSet = {
  provider: 'stripe',
  base_url: 'https://api.stripe.com/v1',
  errors: {
    message: 'error.message',
    code: 'error.code | error.type',
    rate_limited: [
      {
        status: 429,
      },
    ],
  },
  tools: [
    {
      name: 'stripe_search_customers',
      connections: ['stripe-api-key', 'stripe-app', 'stripe-connect'],
      title: 'Search customers',
      description: 'Customers by Stripe query language.',
      method: 'GET',
      path: '/customers/search',
      parameters: {
        type: 'object',
        properties: {
          query: {
            type: 'string',
            description: 'Such as email:"a@b.c".',
          },
          limit: {
            type: 'integer',
            description: '1-100.',
            minimum: 1,
            maximum: 100,
          },
          page: {
            type: 'string',
            description: 'Cursor.',
          },
        },
        required: ['query'],
        additionalProperties: false,
      },
      where: {
        query: 'query',
        limit: 'query',
        page: 'query',
      },
      scopes_any: [['read_only'], ['read_write']],
      unscoped: ['stripe-api-key', 'stripe-app'],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      headers: {
        'Stripe-Version': '2026-10-28.endive',
      },
      pagination: {
        kind: 'cursor',
        param: 'page',
        from: 'next_page',
        more: 'has_more',
        size: 'limit',
      },
      result: 'data',
      result_type: 'array',
      notes:
        'Data is searchable within about a minute; not in India. Scopes: Connect accounts have read_only/read_write, restricted keys and Stripe Apps per-resource permissions; nothing is written in the token answer.',
      sources: ['https://docs.stripe.com/api/customers/search'],
      verified_against: 'stripe 23.1.0 (npm), API 2026-10-28.endive',
      confidence: 'high',
      unverified: ['scopes_any'],
    },
    {
      name: 'stripe_get_customer',
      connections: ['stripe-api-key', 'stripe-app', 'stripe-connect'],
      title: 'Get a customer',
      description: 'Read one customer.',
      method: 'GET',
      path: '/customers/{customer}',
      parameters: {
        type: 'object',
        properties: {
          customer: {
            type: 'string',
            description: 'cus_… id.',
          },
        },
        required: ['customer'],
        additionalProperties: false,
      },
      where: {
        customer: 'path',
      },
      scopes_any: [['read_only'], ['read_write']],
      unscoped: ['stripe-api-key', 'stripe-app'],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      headers: {
        'Stripe-Version': '2026-10-28.endive',
      },
      result_type: 'object',
      notes:
        'Scopes: Connect accounts have read_only/read_write, restricted keys and Stripe Apps per-resource permissions; nothing is written in the token answer.',
      sources: ['https://docs.stripe.com/api/customers/retrieve'],
      verified_against: 'stripe 23.1.0 (npm), API 2026-10-28.endive',
      confidence: 'high',
      unverified: ['scopes_any'],
    },
    {
      name: 'stripe_create_customer',
      connections: ['stripe-api-key', 'stripe-app', 'stripe-connect'],
      title: 'Create a customer',
      description: 'Create a customer.',
      method: 'POST',
      path: '/customers',
      parameters: {
        type: 'object',
        properties: {
          email: {
            type: 'string',
            description: 'Email.',
          },
          name: {
            type: 'string',
            description: 'Name.',
          },
          description: {
            type: 'string',
            description: 'Text.',
          },
          metadata: {
            type: 'object',
            description: 'Strings by key.',
            additionalProperties: true,
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        email: 'body',
        name: 'body',
        description: 'body',
        metadata: 'body',
      },
      scopes_any: [['read_write']],
      unscoped: ['stripe-api-key', 'stripe-app'],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      headers: {
        'Stripe-Version': '2026-10-28.endive',
      },
      body_encoding: 'form',
      result_type: 'object',
      idempotency_header: 'Idempotency-Key',
      notes:
        'Send Idempotency-Key = tool_call_id. Scopes: Connect accounts have read_only/read_write, restricted keys and Stripe Apps per-resource permissions; nothing is written in the token answer.',
      sources: ['https://docs.stripe.com/api/customers/create'],
      verified_against: 'stripe 23.1.0 (npm), API 2026-10-28.endive',
      confidence: 'high',
      unverified: ['scopes_any'],
    },
    {
      name: 'stripe_list_invoices',
      connections: ['stripe-api-key', 'stripe-app', 'stripe-connect'],
      title: 'List invoices',
      description: 'Invoices, newest first.',
      method: 'GET',
      path: '/invoices',
      parameters: {
        type: 'object',
        properties: {
          customer: {
            type: 'string',
            description: 'Only of this customer.',
          },
          status: {
            type: 'string',
            description: 'draft, open, paid, uncollectible or void.',
            enum: ['draft', 'open', 'paid', 'uncollectible', 'void'],
          },
          limit: {
            type: 'integer',
            description: '1-100.',
            minimum: 1,
            maximum: 100,
          },
          starting_after: {
            type: 'string',
            description: 'Id of the last object of the page before.',
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        customer: 'query',
        status: 'query',
        limit: 'query',
        starting_after: 'query',
      },
      scopes_any: [['read_only'], ['read_write']],
      unscoped: ['stripe-api-key', 'stripe-app'],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      headers: {
        'Stripe-Version': '2026-10-28.endive',
      },
      pagination: {
        kind: 'last_id',
        param: 'starting_after',
        from: 'data[-1].id',
        more: 'has_more',
        size: 'limit',
      },
      result: 'data',
      result_type: 'array',
      notes:
        'Scopes: Connect accounts have read_only/read_write, restricted keys and Stripe Apps per-resource permissions; nothing is written in the token answer.',
      sources: ['https://docs.stripe.com/api/invoices/list'],
      verified_against: 'stripe 23.1.0 (npm), API 2026-10-28.endive',
      confidence: 'high',
      unverified: ['scopes_any'],
    },
    {
      name: 'stripe_list_subscriptions',
      connections: ['stripe-api-key', 'stripe-app', 'stripe-connect'],
      title: 'List subscriptions',
      description: 'Subscriptions.',
      method: 'GET',
      path: '/subscriptions',
      parameters: {
        type: 'object',
        properties: {
          customer: {
            type: 'string',
            description: 'Only of this customer.',
          },
          status: {
            type: 'string',
            description: 'active, past_due, canceled, all, …',
          },
          limit: {
            type: 'integer',
            description: '1-100.',
            minimum: 1,
            maximum: 100,
          },
          starting_after: {
            type: 'string',
            description: 'Id of the last object of the page before.',
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        customer: 'query',
        status: 'query',
        limit: 'query',
        starting_after: 'query',
      },
      scopes_any: [['read_only'], ['read_write']],
      unscoped: ['stripe-api-key', 'stripe-app'],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      headers: {
        'Stripe-Version': '2026-10-28.endive',
      },
      pagination: {
        kind: 'last_id',
        param: 'starting_after',
        from: 'data[-1].id',
        more: 'has_more',
        size: 'limit',
      },
      result: 'data',
      result_type: 'array',
      notes:
        'Scopes: Connect accounts have read_only/read_write, restricted keys and Stripe Apps per-resource permissions; nothing is written in the token answer.',
      sources: ['https://docs.stripe.com/api/subscriptions/list'],
      verified_against: 'stripe 23.1.0 (npm), API 2026-10-28.endive',
      confidence: 'high',
      unverified: ['scopes_any'],
    },
    {
      name: 'stripe_list_charges',
      connections: ['stripe-api-key', 'stripe-app', 'stripe-connect'],
      title: 'List charges',
      description: 'Charges, newest first.',
      method: 'GET',
      path: '/charges',
      parameters: {
        type: 'object',
        properties: {
          customer: {
            type: 'string',
            description: 'Only of this customer.',
          },
          limit: {
            type: 'integer',
            description: '1-100.',
            minimum: 1,
            maximum: 100,
          },
          starting_after: {
            type: 'string',
            description: 'Id of the last object of the page before.',
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        customer: 'query',
        limit: 'query',
        starting_after: 'query',
      },
      scopes_any: [['read_only'], ['read_write']],
      unscoped: ['stripe-api-key', 'stripe-app'],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      headers: {
        'Stripe-Version': '2026-10-28.endive',
      },
      pagination: {
        kind: 'last_id',
        param: 'starting_after',
        from: 'data[-1].id',
        more: 'has_more',
        size: 'limit',
      },
      result: 'data',
      result_type: 'array',
      notes:
        'Scopes: Connect accounts have read_only/read_write, restricted keys and Stripe Apps per-resource permissions; nothing is written in the token answer.',
      sources: ['https://docs.stripe.com/api/charges/list'],
      verified_against: 'stripe 23.1.0 (npm), API 2026-10-28.endive',
      confidence: 'high',
      unverified: ['scopes_any'],
    },
    {
      name: 'stripe_create_refund',
      connections: ['stripe-api-key', 'stripe-app', 'stripe-connect'],
      title: 'Refund',
      description: 'Refund a payment.',
      method: 'POST',
      path: '/refunds',
      parameters: {
        type: 'object',
        properties: {
          payment_intent: {
            type: 'string',
            description: 'pi_… id.',
          },
          charge: {
            type: 'string',
            description: 'ch_… id.',
          },
          amount: {
            type: 'integer',
            description: 'Smallest currency unit; all when absent.',
            minimum: 1,
          },
          reason: {
            type: 'string',
            description: 'Why.',
            enum: ['duplicate', 'fraudulent', 'requested_by_customer'],
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        payment_intent: 'body',
        charge: 'body',
        amount: 'body',
        reason: 'body',
      },
      scopes_any: [['read_write']],
      unscoped: ['stripe-api-key', 'stripe-app'],
      annotations: {
        readOnlyHint: false,
        destructiveHint: true,
        idempotentHint: false,
        openWorldHint: true,
      },
      headers: {
        'Stripe-Version': '2026-10-28.endive',
      },
      body_encoding: 'form',
      result_type: 'object',
      idempotency_header: 'Idempotency-Key',
      notes:
        'Moves money: destructiveHint true. Send Idempotency-Key = tool_call_id. Scopes: Connect accounts have read_only/read_write, restricted keys and Stripe Apps per-resource permissions; nothing is written in the token answer.',
      sources: ['https://docs.stripe.com/api/refunds/create'],
      verified_against: 'stripe 23.1.0 (npm), API 2026-10-28.endive',
      confidence: 'high',
      unverified: ['scopes_any'],
    },
  ],
};
