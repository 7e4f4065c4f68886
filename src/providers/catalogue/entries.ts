/**
 * Every provider that is known by name. An entry is a function, so that an isolate that serves a few providers makes
 * the facts of those few alone; a fact that an entry leaves out is the default of the schema: unknown, none or not needed.
 *
 * Known and not spoken yet: Bullhorn's second login; Stripe Apps' secret as
 * user name; Apollo's authorization URL behind a `#`; extra request headers (Notion's and LinkedIn's version,
 * `x-api-key` of Etsy, `Client-Id` of Twitch); Keap's Basic on refresh alone; Dropbox' `.tag`, whose name is no path.
 */

import type { DescriptorInput } from '../descriptor.ts';
import { activecampaign } from './activecampaign.ts';
import { adobe } from './adobe.ts';
import { aircall } from './aircall.ts';
import { airtable } from './airtable.ts';
import { airtablePat } from './airtable-pat.ts';
import { algolia } from './algolia.ts';
import { amazonAds } from './amazon-ads.ts';
import { amazonSellingPartner } from './amazon-selling-partner.ts';
import { amplitude } from './amplitude.ts';
import { anthropic } from './anthropic.ts';
import { apollo } from './apollo.ts';
import { apolloApiKey } from './apollo-api-key.ts';
import { apple } from './apple.ts';
import { asana } from './asana.ts';
import { ashby } from './ashby.ts';
import { atlassian } from './atlassian.ts';
import { attio } from './attio.ts';
import { auth0 } from './auth0.ts';
import { bamboohr } from './bamboohr.ts';
import { bamboohrApiKey } from './bamboohr-api-key.ts';
import { basecamp } from './basecamp.ts';
import { bigcommerce } from './bigcommerce.ts';
import { bitbucket } from './bitbucket.ts';
import { box } from './box.ts';
import { boxCcg } from './box-ccg.ts';
import { boxJwt } from './box-jwt.ts';
import { braze } from './braze.ts';
import { brevo } from './brevo.ts';
import { brex } from './brex.ts';
import { brexApiKey } from './brex-api-key.ts';
import { bullhorn } from './bullhorn.ts';
import { calCom } from './cal-com.ts';
import { calendly } from './calendly.ts';
import { canva } from './canva.ts';
import { chargebee } from './chargebee.ts';
import { clearbit } from './clearbit.ts';
import { clickup } from './clickup.ts';
import { close } from './close.ts';
import { cloudflare } from './cloudflare.ts';
import { coda } from './coda.ts';
import { coinbase } from './coinbase.ts';
import { confluence } from './confluence.ts';
import { constantContact } from './constant-contact.ts';
import { contentful } from './contentful.ts';
import { copper } from './copper.ts';
import { copperApiKey } from './copper-api-key.ts';
import { databricks } from './databricks.ts';
import { databricksM2m } from './databricks-m2m.ts';
import { datadog } from './datadog.ts';
import { datadogOauth } from './datadog-oauth.ts';
import { deel } from './deel.ts';
import { digitalocean } from './digitalocean.ts';
import { discord } from './discord.ts';
import { docusign } from './docusign.ts';
import { docusignDemo } from './docusign-demo.ts';
import { docusignDemoJwt } from './docusign-demo-jwt.ts';
import { docusignJwt } from './docusign-jwt.ts';
import { dropbox } from './dropbox.ts';
import { ebay } from './ebay.ts';
import { elevenlabs } from './elevenlabs.ts';
import { etsy } from './etsy.ts';
import { eventbrite } from './eventbrite.ts';
import { exactOnline } from './exact-online.ts';
import { facebook } from './facebook.ts';
import { facebookSystemUser } from './facebook-system-user.ts';
import { figma } from './figma.ts';
import { fireflies } from './fireflies.ts';
import { fitbit } from './fitbit.ts';
import { freshbooks } from './freshbooks.ts';
import { freshdesk } from './freshdesk.ts';
import { front } from './front.ts';
import { github } from './github.ts';
import { githubAppInstallation } from './github-app-installation.ts';
import { githubAppUser } from './github-app-user.ts';
import { githubPat } from './github-pat.ts';
import { gitlab } from './gitlab.ts';
import { gitlabPat } from './gitlab-pat.ts';
import { gong } from './gong.ts';
import { gongApiKey } from './gong-api-key.ts';
import { google } from './google.ts';
import { googleAds } from './google-ads.ts';
import { googleAnalytics } from './google-analytics.ts';
import { googleBigquery } from './google-bigquery.ts';
import { googleCalendar } from './google-calendar.ts';
import { googleContacts } from './google-contacts.ts';
import { googleDrive } from './google-drive.ts';
import { googleGmail } from './google-gmail.ts';
import { googleServiceAccount } from './google-service-account.ts';
import { googleSheets } from './google-sheets.ts';
import { gorgias } from './gorgias.ts';
import { grafana } from './grafana.ts';
import { greenhouse } from './greenhouse.ts';
import { greenhouseV3 } from './greenhouse-v3.ts';
import { gusto } from './gusto.ts';
import { harvest } from './harvest.ts';
import { helpScout } from './help-scout.ts';
import { highlevel } from './highlevel.ts';
import { hubspot } from './hubspot.ts';
import { instagram } from './instagram.ts';
import { intercom } from './intercom.ts';
import { jira } from './jira.ts';
import { jobber } from './jobber.ts';
import { keap } from './keap.ts';
import { klaviyo } from './klaviyo.ts';
import { klaviyoApiKey } from './klaviyo-api-key.ts';
import { lever } from './lever.ts';
import { leverApiKey } from './lever-api-key.ts';
import { linear } from './linear.ts';
import { linkedin } from './linkedin.ts';
import { mailchimp } from './mailchimp.ts';
import { mailgun } from './mailgun.ts';
import { metabase } from './metabase.ts';
import { metabaseSession } from './metabase-session.ts';
import { microsoft } from './microsoft.ts';
import { microsoftAppOnly } from './microsoft-app-only.ts';
import { microsoftExcel } from './microsoft-excel.ts';
import { microsoftTeams } from './microsoft-teams.ts';
import { miro } from './miro.ts';
import { mixpanel } from './mixpanel.ts';
import { monday } from './monday.ts';
import { mondayLegacy } from './monday-legacy.ts';
import { netsuite } from './netsuite.ts';
import { notion } from './notion.ts';
import { okta } from './okta.ts';
import { oktaApiToken } from './okta-api-token.ts';
import { onedrive } from './onedrive.ts';
import { openai } from './openai.ts';
import { oura } from './oura.ts';
import { outlook } from './outlook.ts';
import { outlookCalendar } from './outlook-calendar.ts';
import { outreach } from './outreach.ts';
import { pagerduty } from './pagerduty.ts';
import { pandadoc } from './pandadoc.ts';
import { patreon } from './patreon.ts';
import { paypal } from './paypal.ts';
import { perplexity } from './perplexity.ts';
import { pinecone } from './pinecone.ts';
import { pinterest } from './pinterest.ts';
import { pipedrive } from './pipedrive.ts';
import { podio } from './podio.ts';
import { posthog } from './posthog.ts';
import { procore } from './procore.ts';
import { productboard } from './productboard.ts';
import { quickbooks } from './quickbooks.ts';
import { quickbooksSandbox } from './quickbooks-sandbox.ts';
import { ramp } from './ramp.ts';
import { reddit } from './reddit.ts';
import { replicate } from './replicate.ts';
import { resend } from './resend.ts';
import { ringcentral } from './ringcentral.ts';
import { rippling } from './rippling.ts';
import { sageAccounting } from './sage-accounting.ts';
import { salesforce } from './salesforce.ts';
import { salesforceJwt } from './salesforce-jwt.ts';
import { salesforceSandbox } from './salesforce-sandbox.ts';
import { salesforceSandboxJwt } from './salesforce-sandbox-jwt.ts';
import { salesloft } from './salesloft.ts';
import { segment } from './segment.ts';
import { sendgrid } from './sendgrid.ts';
import { sentry } from './sentry.ts';
import { servicenow } from './servicenow.ts';
import { sharepoint } from './sharepoint.ts';
import { shopify } from './shopify.ts';
import { shopifyAdminToken } from './shopify-admin-token.ts';
import { shopifyClientCredentials } from './shopify-client-credentials.ts';
import { slack } from './slack.ts';
import { slackUser } from './slack-user.ts';
import { smartrecruiters } from './smartrecruiters.ts';
import { smartsheet } from './smartsheet.ts';
import { snapchat } from './snapchat.ts';
import { snowflake } from './snowflake.ts';
import { snowflakeKeypair } from './snowflake-keypair.ts';
import { spotify } from './spotify.ts';
import { square } from './square.ts';
import { strava } from './strava.ts';
import { stripeApiKey } from './stripe-api-key.ts';
import { stripeApp } from './stripe-app.ts';
import { stripeConnect } from './stripe-connect.ts';
import { supabaseManagement } from './supabase-management.ts';
import { surveyMonkey } from './survey-monkey.ts';
import { teamleader } from './teamleader.ts';
import { threads } from './threads.ts';
import { tiktok } from './tiktok.ts';
import { tiktokAds } from './tiktok-ads.ts';
import { todoist } from './todoist.ts';
import { trello } from './trello.ts';
import { twilio } from './twilio.ts';
import { twilioOauth } from './twilio-oauth.ts';
import { twitch } from './twitch.ts';
import { typeform } from './typeform.ts';
import { vimeo } from './vimeo.ts';
import { weaviate } from './weaviate.ts';
import { webex } from './webex.ts';
import { webflow } from './webflow.ts';
import { whoop } from './whoop.ts';
import { wise } from './wise.ts';
import { withings } from './withings.ts';
import { wordpressCom } from './wordpress-com.ts';
import { wrike } from './wrike.ts';
import { x } from './x.ts';
import { xero } from './xero.ts';
import { xeroCustomConnection } from './xero-custom-connection.ts';
import { yahoo } from './yahoo.ts';
import { youtube } from './youtube.ts';
import { zendesk } from './zendesk.ts';
import { zendeskApiToken } from './zendesk-api-token.ts';
import { zoho } from './zoho.ts';
import { zohoCrm } from './zoho-crm.ts';
import { zoom } from './zoom.ts';
import { zoomServerToServer } from './zoom-server-to-server.ts';

export const ENTRIES: Readonly<Record<string, () => DescriptorInput>> = {
  activecampaign: activecampaign,
  adobe: adobe,
  aircall: aircall,
  airtable: airtable,
  'airtable-pat': airtablePat,
  algolia: algolia,
  'amazon-ads': amazonAds,
  'amazon-selling-partner': amazonSellingPartner,
  amplitude: amplitude,
  anthropic: anthropic,
  apollo: apollo,
  'apollo-api-key': apolloApiKey,
  apple: apple,
  asana: asana,
  ashby: ashby,
  atlassian: atlassian,
  attio: attio,
  auth0: auth0,
  bamboohr: bamboohr,
  'bamboohr-api-key': bamboohrApiKey,
  basecamp: basecamp,
  bigcommerce: bigcommerce,
  bitbucket: bitbucket,
  box: box,
  'box-ccg': boxCcg,
  'box-jwt': boxJwt,
  braze: braze,
  brevo: brevo,
  brex: brex,
  'brex-api-key': brexApiKey,
  bullhorn: bullhorn,
  'cal-com': calCom,
  calendly: calendly,
  canva: canva,
  chargebee: chargebee,
  clearbit: clearbit,
  clickup: clickup,
  close: close,
  cloudflare: cloudflare,
  coda: coda,
  coinbase: coinbase,
  confluence: confluence,
  'constant-contact': constantContact,
  contentful: contentful,
  copper: copper,
  'copper-api-key': copperApiKey,
  databricks: databricks,
  'databricks-m2m': databricksM2m,
  datadog: datadog,
  'datadog-oauth': datadogOauth,
  deel: deel,
  digitalocean: digitalocean,
  discord: discord,
  docusign: docusign,
  'docusign-demo': docusignDemo,
  'docusign-demo-jwt': docusignDemoJwt,
  'docusign-jwt': docusignJwt,
  dropbox: dropbox,
  ebay: ebay,
  elevenlabs: elevenlabs,
  etsy: etsy,
  eventbrite: eventbrite,
  'exact-online': exactOnline,
  facebook: facebook,
  'facebook-system-user': facebookSystemUser,
  figma: figma,
  fireflies: fireflies,
  fitbit: fitbit,
  freshbooks: freshbooks,
  freshdesk: freshdesk,
  front: front,
  github: github,
  'github-app-installation': githubAppInstallation,
  'github-app-user': githubAppUser,
  'github-pat': githubPat,
  gitlab: gitlab,
  'gitlab-pat': gitlabPat,
  gong: gong,
  'gong-api-key': gongApiKey,
  google: google,
  'google-ads': googleAds,
  'google-analytics': googleAnalytics,
  'google-bigquery': googleBigquery,
  'google-calendar': googleCalendar,
  'google-contacts': googleContacts,
  'google-drive': googleDrive,
  'google-gmail': googleGmail,
  'google-service-account': googleServiceAccount,
  'google-sheets': googleSheets,
  gorgias: gorgias,
  grafana: grafana,
  greenhouse: greenhouse,
  'greenhouse-v3': greenhouseV3,
  gusto: gusto,
  harvest: harvest,
  'help-scout': helpScout,
  highlevel: highlevel,
  hubspot: hubspot,
  instagram: instagram,
  intercom: intercom,
  jira: jira,
  jobber: jobber,
  keap: keap,
  klaviyo: klaviyo,
  'klaviyo-api-key': klaviyoApiKey,
  lever: lever,
  'lever-api-key': leverApiKey,
  linear: linear,
  linkedin: linkedin,
  mailchimp: mailchimp,
  mailgun: mailgun,
  metabase: metabase,
  'metabase-session': metabaseSession,
  microsoft: microsoft,
  'microsoft-app-only': microsoftAppOnly,
  'microsoft-excel': microsoftExcel,
  'microsoft-teams': microsoftTeams,
  miro: miro,
  mixpanel: mixpanel,
  monday: monday,
  'monday-legacy': mondayLegacy,
  netsuite: netsuite,
  notion: notion,
  okta: okta,
  'okta-api-token': oktaApiToken,
  onedrive: onedrive,
  openai: openai,
  oura: oura,
  outlook: outlook,
  'outlook-calendar': outlookCalendar,
  outreach: outreach,
  pagerduty: pagerduty,
  pandadoc: pandadoc,
  patreon: patreon,
  paypal: paypal,
  perplexity: perplexity,
  pinecone: pinecone,
  pinterest: pinterest,
  pipedrive: pipedrive,
  podio: podio,
  posthog: posthog,
  procore: procore,
  productboard: productboard,
  quickbooks: quickbooks,
  'quickbooks-sandbox': quickbooksSandbox,
  ramp: ramp,
  reddit: reddit,
  replicate: replicate,
  resend: resend,
  ringcentral: ringcentral,
  rippling: rippling,
  'sage-accounting': sageAccounting,
  salesforce: salesforce,
  'salesforce-jwt': salesforceJwt,
  'salesforce-sandbox': salesforceSandbox,
  'salesforce-sandbox-jwt': salesforceSandboxJwt,
  salesloft: salesloft,
  segment: segment,
  sendgrid: sendgrid,
  sentry: sentry,
  servicenow: servicenow,
  sharepoint: sharepoint,
  shopify: shopify,
  'shopify-admin-token': shopifyAdminToken,
  'shopify-client-credentials': shopifyClientCredentials,
  slack: slack,
  'slack-user': slackUser,
  smartrecruiters: smartrecruiters,
  smartsheet: smartsheet,
  snapchat: snapchat,
  snowflake: snowflake,
  'snowflake-keypair': snowflakeKeypair,
  spotify: spotify,
  square: square,
  strava: strava,
  'stripe-api-key': stripeApiKey,
  'stripe-app': stripeApp,
  'stripe-connect': stripeConnect,
  'supabase-management': supabaseManagement,
  'survey-monkey': surveyMonkey,
  teamleader: teamleader,
  threads: threads,
  tiktok: tiktok,
  'tiktok-ads': tiktokAds,
  todoist: todoist,
  trello: trello,
  twilio: twilio,
  'twilio-oauth': twilioOauth,
  twitch: twitch,
  typeform: typeform,
  vimeo: vimeo,
  weaviate: weaviate,
  webex: webex,
  webflow: webflow,
  whoop: whoop,
  wise: wise,
  withings: withings,
  'wordpress-com': wordpressCom,
  wrike: wrike,
  x: x,
  xero: xero,
  'xero-custom-connection': xeroCustomConnection,
  yahoo: yahoo,
  youtube: youtube,
  zendesk: zendesk,
  'zendesk-api-token': zendeskApiToken,
  zoho: zoho,
  'zoho-crm': zohoCrm,
  zoom: zoom,
  'zoom-server-to-server': zoomServerToServer,
};
