/** What the pages say, in French. The keys, and the `{names}` in each sentence, are those of `en.ts`. */

import type { Messages } from './en.ts';

/** The sentences of the pages in French. Spaces before `?` and `:` do not break. */
export const fr: Messages = {
  details: 'Détails',
  organization: 'Organisation',
  connection: 'Connexion',
  reference: 'Référence',
  error_code: 'Code d’erreur',
  try_again: 'Réessayer',
  next_new_link: 'Demandez un nouveau lien à l’expéditeur du lien.',
  next_support: 'Si cela se reproduit, prévenez l’expéditeur du lien en indiquant la référence ci-dessous.',
  close: 'Vous pouvez fermer cette page.',

  start_connect_title: 'Connectez votre compte {provider}',
  start_connect_lead: '{asker} demande l’accès à votre compte {provider}.',
  start_connect_lead_nameless: 'On vous demande l’accès à votre compte {provider}.',
  start_reconnect_title: 'Connectez de nouveau {provider}',
  start_reconnect_lead: '{asker} vous demande de renouveler son accès à votre compte {provider}.',
  start_reconnect_lead_nameless: 'On vous demande de renouveler l’accès à votre compte {provider}.',
  start_upgrade_title: 'Autorisez un accès plus large à {provider}',
  start_upgrade_lead: '{asker} demande un accès plus large qu’aujourd’hui à votre compte {provider}.',
  start_upgrade_lead_nameless: 'On vous demande un accès plus large qu’auparavant à votre compte {provider}.',
  start_repair_title: 'Réparez votre connexion à {provider}',
  start_repair_lead:
    '{asker} a perdu l’accès à votre compte {provider}. Identifiez-vous une fois encore, et le travail reprendra là où il s’est arrêté.',
  start_repair_lead_nameless:
    'La connexion à votre compte {provider} ne fonctionne plus. Identifiez-vous une fois encore, et le travail reprendra là où il s’est arrêté.',
  start_sign_in_as: 'Identifiez-vous en tant que {subject}\u00a0: c’est le compte à connecter.',
  start_scopes: 'L’application pourra',
  start_scopes_added: 'Nouveau',
  start_scopes_kept: 'Déjà autorisé',
  start_scopes_unknown: '{provider} vous montre ce qui est demandé avant que vous n’acceptiez.',
  start_scopes_spelling: 'Noms techniques',
  start_button: 'Continuer vers {provider}',
  start_password: 'Vous vous identifiez chez {provider} même. Votre mot de passe n’est pas visible ici.',
  start_expected: 'Vous ne vous y attendiez pas\u00a0? Fermez la page, et rien ne se passera.',
  start_once: 'Ce lien fonctionne une seule fois, jusqu’à {time}.',

  done_title: 'Il reste une étape',
  done_lead: 'Vous venez de vous identifier chez {provider}.',
  done_lead_as: 'Vous venez de vous identifier chez {provider} en tant que {subject}.',
  done_copy: 'Pour terminer, copiez ces deux valeurs dans la page ou le programme où vous avez commencé.',
  done_warning:
    'Ne les donnez à personne d’autre, qui que ce soit qui les demande\u00a0: avec elles, quelqu’un pourrait connecter votre compte comme le sien.',
  done_session: 'Session',
  done_code: 'Code de confirmation',
  done_until: 'Elles fonctionnent une seule fois, jusqu’à {time}, et ne sont affichées que maintenant.',
  succeeded_title: '{provider} est connecté',
  succeeded_title_again: '{provider} est de nouveau connecté',
  succeeded_as: 'Vous venez de vous identifier en tant que {subject}.',
  succeeded_goes_on: 'Ce qui attendait reprend de lui-même.',

  denied_title: 'L’accès n’a pas été accordé',
  denied_text:
    'L’accès a été refusé chez {provider}, par vous ou par une règle de votre organisation. Rien n’a changé.',
  denied_again: 'Si c’était une erreur, réessayez et acceptez là-bas.',
  denied_new_link: 'Si c’était une erreur, demandez un nouveau lien à l’expéditeur du lien.',

  unknown_link_title: 'Ce lien ne mène nulle part',
  unknown_link_text: 'Une partie s’est peut-être perdue lors de la copie ou de l’envoi.',
  unknown_link_next: 'Ouvrez de nouveau le lien entier depuis le message, ou demandez-en un nouveau.',
  expired_link_title: 'Ce lien a expiré',
  expired_link_text:
    'Les liens ne fonctionnent que peu de temps, et les plus récents remplacent les anciens.',
  used_link_title: 'Ce lien a déjà servi',
  used_link_text:
    'Chaque lien fonctionne une seule fois. Si c’était vous, continuez dans la fenêtre où vous avez commencé.',
  used_link_next: 'Si ce n’était pas vous, prévenez l’expéditeur, et demandez-lui un nouveau lien.',
  repaired_title: 'C’est déjà réparé',
  repaired_text: 'La connexion fonctionne de nouveau. Il n’y a plus rien à faire.',
  repair_over_title: 'Ce lien de réparation a expiré',
  repair_over_text: 'Les liens de réparation fonctionnent sept jours. La connexion reste à réparer.',

  foreign_post_title: 'Appuyez sur le bouton de notre page',
  foreign_post_text:
    'Cette demande venait d’une autre page, ou votre navigateur n’a pas dit d’où. Pour votre sécurité, elle a été arrêtée ici, et rien n’a changé.',
  foreign_post_next: 'Ouvrez notre page, et appuyez sur le bouton qui s’y trouve.',
  foreign_post_button: 'Ouvrir la page',
  wrong_browser_title: 'Continuez dans le navigateur où vous avez commencé',
  wrong_browser_text:
    'Cette identification a commencé dans un autre navigateur, ou celui-ci ne garde pas les cookies. Pour votre sécurité, elle a été arrêtée ici, et rien n’a été connecté.',
  wrong_browser_next:
    'Revenez au navigateur où vous avez commencé, ou demandez un nouveau lien et restez dans un seul navigateur.',
  wrong_browser_stranger: 'Si vous n’avez pas commencé vous-même, fermez la page.',
  coming_back_title: 'Un instant',
  coming_back_text: 'Votre connexion est en cours de finalisation.',
  coming_back_next: 'Continuer',
  running_title: 'Cette identification est en train de se terminer',
  running_text: 'Une autre fenêtre la termine. Vous pouvez fermer celle-ci.',
  finished_title: 'Cette identification est terminée',
  finished_text: 'Recharger la page ou revenir en arrière ne fait aucun mal et ne change rien.',
  finished_failed: 'Elle n’a pas abouti à une connexion. Demandez un nouveau lien à l’expéditeur du lien.',
  back: 'Revenir',
  back_to: 'Revenir à {asker}',
  expired_session_title: 'Cela a pris trop de temps',
  expired_session_text:
    'Plus de dix minutes se sont écoulées entre le début et votre retour de {provider}. Rien n’a changé.',
  invalid_callback_title: 'Cette identification ne peut pas être terminée',
  invalid_callback_text:
    'Ce qui est revenu n’appartient à aucune identification commencée ici. Rien n’a été connecté.',
  invalid_callback_next: 'Recommencez avec le lien que vous avez reçu, ou demandez-en un nouveau.',

  mismatch_title: 'C’est un autre compte',
  mismatch_text: 'La connexion appartient à un autre compte {provider}. Elle reste telle quelle.',
  mismatch_signed_in: 'Compte utilisé',
  mismatch_expected: 'Compte attendu',
  mismatch_again: 'Déconnectez-vous de {provider} ou choisissez-y l’autre compte, puis réessayez.',
  mismatch_new_link:
    'Déconnectez-vous de {provider}, demandez un nouveau lien à l’expéditeur du lien, et choisissez l’autre compte.',
  unverified_title: 'L’adresse e-mail n’est pas vérifiée',
  unverified_text: '{provider} ne se porte pas garant de l’adresse de ce compte. Rien n’a changé.',
  unverified_again: 'Vérifiez l’adresse chez {provider}, puis réessayez.',
  unverified_new_link:
    'Vérifiez l’adresse chez {provider}, puis demandez un nouveau lien à l’expéditeur du lien.',
  unknown_subject_title: 'On ne sait pas qui s’est identifié',
  unknown_subject_text: '{provider} n’a pas dit à qui appartient ce compte. Rien n’a changé.',

  provider_error_title: '{provider} a répondu par une erreur',
  provider_error_text: 'La connexion n’a pas pu être établie. Rien n’a changé.',
  provider_unavailable_title: '{provider} ne répond pas',
  provider_unavailable_text:
    'Le service est injoignable pour le moment, ou demande une pause. Rien n’a changé.',
  provider_unavailable_again: 'Attendez quelques minutes, puis réessayez.',
  provider_unavailable_new_link:
    'Attendez quelques minutes, puis demandez un nouveau lien à l’expéditeur du lien.',

  misconfigured_title: 'Cette connexion n’est pas bien configurée',
  misconfigured_text: 'Vous n’y êtes pour rien, et vous ne pouvez pas y remédier ici.',
  misconfigured_next: 'Prévenez l’expéditeur du lien en indiquant la référence ci-dessous.',
  changed_title: 'La connexion a été modifiée entre-temps',
  changed_text:
    'Ses réglages ont été modifiés pendant que vous vous identifiiez. Pour votre sécurité, tout a été arrêté ici, et rien n’a été connecté.',
  unavailable_title: 'Réessayez dans un instant',
  unavailable_text: 'Une partie de ce service ne répond pas pour le moment.',
  unavailable_next: 'Attendez un instant, et ouvrez de nouveau le lien.',
  request_title: 'Cette page ne peut pas être affichée',
  request_text: 'La demande n’est pas de celles que l’on comprend ici.',
  request_next: 'Ouvrez de nouveau le lien que vous avez reçu.',
  too_many_title: 'Un peu trop vite',
  too_many_text: 'Il est arrivé plus de demandes qu’on n’en traite à la fois.',
  too_many_next: 'Attendez une minute, puis réessayez.',
  internal_title: 'Quelque chose n’a pas fonctionné ici',
  internal_text: 'Vous n’y êtes pour rien.',
  internal_next: 'Attendez un instant, et ouvrez de nouveau le lien.',

  approval_title: 'Approuver cette demande ?',
  approval_lead:
    'Elle passera une seule fois, exactement comme affichée ici, et seulement si vous l’approuvez.',
  approval_use_token: 'L’agent {agent} demande l’identifiant d’accès de ce compte {provider}.',
  approval_use_proxy: 'L’agent {agent} demande à envoyer une requête à {provider}.',
  approval_use_tool: 'L’agent {agent} demande à exécuter un outil chez {provider}.',
  approval_request: 'Ce qui sera envoyé',
  approval_tool: 'Outil',
  approval_method: 'Méthode',
  approval_path: 'Chemin',
  approval_digest: 'Empreinte',
  approval_hidden:
    'Le reste n’est pas affiché ici. Seule passera une requête dont le reste a cette empreinte.',
  approval_token:
    'Avec cet identifiant, l’agent peut faire tout ce que le compte permet jusqu’à son expiration.',
  approval_account: 'Dans quel compte',
  approval_identifier: 'Identifiant',
  approval_label: 'Connecté en tant que',
  approval_reasons: 'Qui demande, et pourquoi',
  approval_agent: 'Nom de l’agent',
  approval_why: 'Selon lui',
  approval_because: 'Règle',
  approval_approve: 'Approuver',
  approval_deny: 'Refuser',
  approval_unexpected: 'Si vous ne savez pas de quoi il s’agit, refusez.',
  approval_until:
    'Vous pouvez répondre jusqu’à {time}. Votre accord vaut pour un seul usage pendant {minutes} minutes.',
  approval_approved_title: 'Vous avez approuvé la demande',
  approval_approved_text: 'Elle peut maintenant passer une fois.',
  approval_denied_title: 'Vous avez refusé la demande',
  approval_denied_text: 'Elle ne passera pas, et rien n’a changé.',
  approval_over_approved_title: 'Cette demande a déjà été approuvée',
  approval_over_denied_title: 'Cette demande a déjà été refusée',
  approval_over_used_title: 'Cette demande a été approuvée et elle est passée',
  approval_over_text: 'Chaque demande est décidée une seule fois, et ce lien ne sert plus.',
  approval_over_expired_title: 'Cette demande a expiré',
  approval_over_expired_text:
    'Elle n’a pas reçu de réponse, ou l’accord n’a pas servi, à temps. Si elle est encore utile, l’agent la refera.',
};
