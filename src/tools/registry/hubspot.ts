/** HubSpot: tools as data. */

import type { ToolSet } from '../tool.ts';

export const hubspot: ToolSet = {
  provider: 'hubspot',
  base_url: 'https://api.hubapi.com',
  errors: {
    message: 'message',
    code: 'category',
    fails_when: [
      {
        at: 'status',
        equals: 'error',
      },
    ],
    rate_limited: [
      {
        status: 429,
      },
    ],
  },
  tools: [
    {
      name: 'hubspot_search_contacts',
      connections: ['hubspot'],
      title: 'Search contacts',
      description: 'Find contacts in HubSpot CRM by free text or by property filters.',
      method: 'POST',
      path: '/crm/objects/2026-09/contacts/search',
      parameters: {
        type: 'object',
        properties: {
          query: {
            type: 'string',
            description: 'Free text, matched against the default searchable properties.',
          },
          filterGroups: {
            type: 'array',
            description: 'OR-ed groups of AND-ed filters.',
            items: {
              type: 'object',
              description: '{filters:[{propertyName, operator, value}]}',
              additionalProperties: true,
            },
            maxItems: 5,
          },
          properties: {
            type: 'array',
            description: 'Names of properties to return.',
            items: {
              type: 'string',
            },
          },
          sorts: {
            type: 'array',
            description: 'Sort rules.',
            items: {
              type: 'object',
              description: '{propertyName, direction}',
              additionalProperties: true,
            },
          },
          limit: {
            type: 'integer',
            description: '1-200, default 10.',
            minimum: 1,
            maximum: 200,
          },
          after: {
            type: 'string',
            description: 'Cursor of the next page.',
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        query: 'body',
        filterGroups: 'body',
        properties: 'body',
        sorts: 'body',
        limit: 'body',
        after: 'body',
      },
      scopes_any: [['crm.objects.contacts.read']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'json',
      pagination: {
        kind: 'cursor',
        param: 'after',
        in: 'body',
        from: 'paging.next.after',
        size: 'limit',
      },
      result: 'results',
      result_type: 'array',
      notes:
        'Search index lags writes by seconds; own rate limit (documented as 5 requests/s per account; not re-verified).',
      sources: ['https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/search'],
      verified_against: 'HubSpot/HubSpot-public-api-spec-collection@9989379 contacts 2026-09',
      confidence: 'high',
    },
    {
      name: 'hubspot_get_contact',
      connections: ['hubspot'],
      title: 'Get a contact',
      description: 'Read one contact by id.',
      method: 'GET',
      path: '/crm/objects/2026-09/contacts/{objectId}',
      parameters: {
        type: 'object',
        properties: {
          objectId: {
            type: 'string',
            description: 'Record id.',
          },
          properties: {
            type: 'array',
            description: 'Property names (sent comma-separated).',
            items: {
              type: 'string',
            },
          },
          associations: {
            type: 'array',
            description: 'Object types whose ids to return.',
            items: {
              type: 'string',
            },
          },
          idProperty: {
            type: 'string',
            description: 'Name of a unique property to look up by instead of the id.',
          },
        },
        required: ['objectId'],
        additionalProperties: false,
      },
      where: {
        objectId: 'path',
        properties: 'query',
        associations: 'query',
        idProperty: 'query',
      },
      scopes_any: [['crm.objects.contacts.read']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      result_type: 'object',
      sources: ['https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts'],
      verified_against: 'HubSpot/HubSpot-public-api-spec-collection@9989379 contacts 2026-09',
      confidence: 'high',
    },
    {
      name: 'hubspot_create_contact',
      connections: ['hubspot'],
      title: 'Create a contact',
      description: 'Create a contact.',
      method: 'POST',
      path: '/crm/objects/2026-09/contacts',
      parameters: {
        type: 'object',
        properties: {
          properties: {
            type: 'object',
            description: 'Property values by internal name.',
            additionalProperties: true,
          },
          associations: {
            type: 'array',
            description: 'Links to other records.',
            items: {
              type: 'object',
              description: '{to:{id}, types:[{associationCategory, associationTypeId}]}',
              additionalProperties: true,
            },
          },
        },
        required: ['properties'],
        additionalProperties: false,
      },
      where: {
        properties: 'body',
        associations: 'body',
      },
      scopes_any: [['crm.objects.contacts.write']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      notes:
        'From 2026-09 on, writes obey the admin-defined validation rules of the account (HubSpot changelog 2026-08-11).',
      sources: ['https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts'],
      verified_against: 'HubSpot/HubSpot-public-api-spec-collection@9989379 contacts 2026-09',
      confidence: 'high',
    },
    {
      name: 'hubspot_update_contact',
      connections: ['hubspot'],
      title: 'Update a contact',
      description: 'Change properties of one contact.',
      method: 'PATCH',
      path: '/crm/objects/2026-09/contacts/{objectId}',
      parameters: {
        type: 'object',
        properties: {
          objectId: {
            type: 'string',
            description: 'Record id.',
          },
          properties: {
            type: 'object',
            description: 'Only the values to change.',
            additionalProperties: true,
          },
        },
        required: ['objectId', 'properties'],
        additionalProperties: false,
      },
      where: {
        objectId: 'path',
        properties: 'body',
      },
      scopes_any: [['crm.objects.contacts.write']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      sources: ['https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts'],
      verified_against: 'HubSpot/HubSpot-public-api-spec-collection@9989379 contacts 2026-09',
      confidence: 'high',
    },
    {
      name: 'hubspot_search_companies',
      connections: ['hubspot'],
      title: 'Search companies',
      description: 'Find companies in HubSpot CRM by free text or by property filters.',
      method: 'POST',
      path: '/crm/objects/2026-09/companies/search',
      parameters: {
        type: 'object',
        properties: {
          query: {
            type: 'string',
            description: 'Free text, matched against the default searchable properties.',
          },
          filterGroups: {
            type: 'array',
            description: 'OR-ed groups of AND-ed filters.',
            items: {
              type: 'object',
              description: '{filters:[{propertyName, operator, value}]}',
              additionalProperties: true,
            },
            maxItems: 5,
          },
          properties: {
            type: 'array',
            description: 'Names of properties to return.',
            items: {
              type: 'string',
            },
          },
          sorts: {
            type: 'array',
            description: 'Sort rules.',
            items: {
              type: 'object',
              description: '{propertyName, direction}',
              additionalProperties: true,
            },
          },
          limit: {
            type: 'integer',
            description: '1-200, default 10.',
            minimum: 1,
            maximum: 200,
          },
          after: {
            type: 'string',
            description: 'Cursor of the next page.',
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        query: 'body',
        filterGroups: 'body',
        properties: 'body',
        sorts: 'body',
        limit: 'body',
        after: 'body',
      },
      scopes_any: [['crm.objects.companies.read']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'json',
      pagination: {
        kind: 'cursor',
        param: 'after',
        in: 'body',
        from: 'paging.next.after',
        size: 'limit',
      },
      result: 'results',
      result_type: 'array',
      notes:
        'Search index lags writes by seconds; own rate limit (documented as 5 requests/s per account; not re-verified).',
      sources: ['https://developers.hubspot.com/docs/api-reference/latest/crm/objects/companies/search'],
      verified_against: 'HubSpot/HubSpot-public-api-spec-collection@9989379 companies 2026-09',
      confidence: 'high',
    },
    {
      name: 'hubspot_create_company',
      connections: ['hubspot'],
      title: 'Create a company',
      description: 'Create a company.',
      method: 'POST',
      path: '/crm/objects/2026-09/companies',
      parameters: {
        type: 'object',
        properties: {
          properties: {
            type: 'object',
            description: 'Property values by internal name.',
            additionalProperties: true,
          },
          associations: {
            type: 'array',
            description: 'Links to other records.',
            items: {
              type: 'object',
              description: '{to:{id}, types:[{associationCategory, associationTypeId}]}',
              additionalProperties: true,
            },
          },
        },
        required: ['properties'],
        additionalProperties: false,
      },
      where: {
        properties: 'body',
        associations: 'body',
      },
      scopes_any: [['crm.objects.companies.write']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      notes:
        'From 2026-09 on, writes obey the admin-defined validation rules of the account (HubSpot changelog 2026-08-11).',
      sources: ['https://developers.hubspot.com/docs/api-reference/latest/crm/objects/companies'],
      verified_against: 'HubSpot/HubSpot-public-api-spec-collection@9989379 companies 2026-09',
      confidence: 'high',
    },
    {
      name: 'hubspot_search_deals',
      connections: ['hubspot'],
      title: 'Search deals',
      description: 'Find deals in HubSpot CRM by free text or by property filters.',
      method: 'POST',
      path: '/crm/objects/2026-09/deals/search',
      parameters: {
        type: 'object',
        properties: {
          query: {
            type: 'string',
            description: 'Free text, matched against the default searchable properties.',
          },
          filterGroups: {
            type: 'array',
            description: 'OR-ed groups of AND-ed filters.',
            items: {
              type: 'object',
              description: '{filters:[{propertyName, operator, value}]}',
              additionalProperties: true,
            },
            maxItems: 5,
          },
          properties: {
            type: 'array',
            description: 'Names of properties to return.',
            items: {
              type: 'string',
            },
          },
          sorts: {
            type: 'array',
            description: 'Sort rules.',
            items: {
              type: 'object',
              description: '{propertyName, direction}',
              additionalProperties: true,
            },
          },
          limit: {
            type: 'integer',
            description: '1-200, default 10.',
            minimum: 1,
            maximum: 200,
          },
          after: {
            type: 'string',
            description: 'Cursor of the next page.',
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        query: 'body',
        filterGroups: 'body',
        properties: 'body',
        sorts: 'body',
        limit: 'body',
        after: 'body',
      },
      scopes_any: [['crm.objects.deals.read']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'json',
      pagination: {
        kind: 'cursor',
        param: 'after',
        in: 'body',
        from: 'paging.next.after',
        size: 'limit',
      },
      result: 'results',
      result_type: 'array',
      notes:
        'Search index lags writes by seconds; own rate limit (documented as 5 requests/s per account; not re-verified).',
      sources: ['https://developers.hubspot.com/docs/api-reference/latest/crm/objects/deals/search'],
      verified_against: 'HubSpot/HubSpot-public-api-spec-collection@9989379 deals 2026-09',
      confidence: 'high',
    },
    {
      name: 'hubspot_get_deal',
      connections: ['hubspot'],
      title: 'Get a deal',
      description: 'Read one deal by id.',
      method: 'GET',
      path: '/crm/objects/2026-09/deals/{objectId}',
      parameters: {
        type: 'object',
        properties: {
          objectId: {
            type: 'string',
            description: 'Record id.',
          },
          properties: {
            type: 'array',
            description: 'Property names (sent comma-separated).',
            items: {
              type: 'string',
            },
          },
          associations: {
            type: 'array',
            description: 'Object types whose ids to return.',
            items: {
              type: 'string',
            },
          },
          idProperty: {
            type: 'string',
            description: 'Name of a unique property to look up by instead of the id.',
          },
        },
        required: ['objectId'],
        additionalProperties: false,
      },
      where: {
        objectId: 'path',
        properties: 'query',
        associations: 'query',
        idProperty: 'query',
      },
      scopes_any: [['crm.objects.deals.read']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      result_type: 'object',
      sources: ['https://developers.hubspot.com/docs/api-reference/latest/crm/objects/deals'],
      verified_against: 'HubSpot/HubSpot-public-api-spec-collection@9989379 deals 2026-09',
      confidence: 'high',
    },
    {
      name: 'hubspot_create_deal',
      connections: ['hubspot'],
      title: 'Create a deal',
      description: 'Create a deal.',
      method: 'POST',
      path: '/crm/objects/2026-09/deals',
      parameters: {
        type: 'object',
        properties: {
          properties: {
            type: 'object',
            description: 'Property values by internal name.',
            additionalProperties: true,
          },
          associations: {
            type: 'array',
            description: 'Links to other records.',
            items: {
              type: 'object',
              description: '{to:{id}, types:[{associationCategory, associationTypeId}]}',
              additionalProperties: true,
            },
          },
        },
        required: ['properties'],
        additionalProperties: false,
      },
      where: {
        properties: 'body',
        associations: 'body',
      },
      scopes_any: [['crm.objects.deals.write']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      notes:
        'From 2026-09 on, writes obey the admin-defined validation rules of the account (HubSpot changelog 2026-08-11).',
      sources: ['https://developers.hubspot.com/docs/api-reference/latest/crm/objects/deals'],
      verified_against: 'HubSpot/HubSpot-public-api-spec-collection@9989379 deals 2026-09',
      confidence: 'high',
    },
    {
      name: 'hubspot_update_deal',
      connections: ['hubspot'],
      title: 'Update a deal',
      description: 'Change properties of one deal.',
      method: 'PATCH',
      path: '/crm/objects/2026-09/deals/{objectId}',
      parameters: {
        type: 'object',
        properties: {
          objectId: {
            type: 'string',
            description: 'Record id.',
          },
          properties: {
            type: 'object',
            description: 'Only the values to change.',
            additionalProperties: true,
          },
        },
        required: ['objectId', 'properties'],
        additionalProperties: false,
      },
      where: {
        objectId: 'path',
        properties: 'body',
      },
      scopes_any: [['crm.objects.deals.write']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      sources: ['https://developers.hubspot.com/docs/api-reference/latest/crm/objects/deals'],
      verified_against: 'HubSpot/HubSpot-public-api-spec-collection@9989379 deals 2026-09',
      confidence: 'high',
    },
    {
      name: 'hubspot_create_note',
      connections: ['hubspot'],
      title: 'Add a note',
      description: 'Write a note and attach it to CRM records.',
      method: 'POST',
      path: '/crm/objects/2026-09/notes',
      parameters: {
        type: 'object',
        properties: {
          properties: {
            type: 'object',
            description:
              'hs_timestamp (ISO time or ms) and hs_note_body are what a note needs; hubspot_owner_id optional.',
            additionalProperties: true,
          },
          associations: {
            type: 'array',
            description:
              'Records to attach to (note to contact is type 202, to company 190, to deal 214, HUBSPOT_DEFINED).',
            items: {
              type: 'object',
              description: '{to:{id}, types:[…]}',
              additionalProperties: true,
            },
          },
        },
        required: ['properties'],
        additionalProperties: false,
      },
      where: {
        properties: 'body',
        associations: 'body',
      },
      scopes_any: [['crm.objects.contacts.write']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      notes: 'The association type numbers are from general knowledge, not from the spec read.',
      sources: ['https://developers.hubspot.com/docs/api-reference/latest/crm/activities/notes'],
      verified_against: 'HubSpot/HubSpot-public-api-spec-collection@9989379 notes 2026-09',
      confidence: 'high',
    },
    {
      name: 'hubspot_list_owners',
      connections: ['hubspot'],
      title: 'List owners',
      description: 'List users who can own records.',
      method: 'GET',
      path: '/crm/owners/2026-03',
      parameters: {
        type: 'object',
        properties: {
          email: {
            type: 'string',
            description: 'Only this address.',
          },
          limit: {
            type: 'integer',
            description: '1-500.',
            minimum: 1,
            maximum: 500,
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
        email: 'query',
        limit: 'query',
        after: 'query',
      },
      scopes_any: [['crm.objects.owners.read']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      pagination: {
        kind: 'cursor',
        param: 'after',
        from: 'paging.next.after',
        size: 'limit',
      },
      result: 'results',
      result_type: 'array',
      sources: ['https://developers.hubspot.com/docs/api-reference/latest/crm/owners'],
      verified_against: 'HubSpot/HubSpot-public-api-spec-collection@9989379 crmOwners 2026-03',
      confidence: 'high',
    },
  ],
};
