/** What the pages say, in German. The keys, and the `{names}` in each sentence, are those of `en.ts`. */

import type { Messages } from './en.ts';

/** The sentences of the pages in German. */
export const de: Messages = {
  details: 'Einzelheiten',
  organization: 'Organisation',
  connection: 'Verbindung',
  reference: 'Vorgangsnummer',
  error_code: 'Fehlercode',
  try_again: 'Noch einmal versuchen',
  next_new_link: 'Bitten Sie den Absender des Links um einen neuen.',
  next_support:
    'Wenn es wieder geschieht, melden Sie es dem Absender des Links und nennen Sie die Vorgangsnummer unten.',
  close: 'Sie können diese Seite schließen.',

  start_connect_title: 'Ihr Konto bei {provider} verbinden',
  start_connect_lead: '{asker} bittet um Zugriff auf Ihr Konto bei {provider}.',
  start_connect_lead_nameless: 'Sie werden um Zugriff auf Ihr Konto bei {provider} gebeten.',
  start_reconnect_title: '{provider} neu verbinden',
  start_reconnect_lead: '{asker} bittet Sie, den Zugriff auf Ihr Konto bei {provider} zu erneuern.',
  start_reconnect_lead_nameless: 'Sie werden gebeten, den Zugriff auf Ihr Konto bei {provider} zu erneuern.',
  start_upgrade_title: 'Mehr Zugriff auf {provider} erlauben',
  start_upgrade_lead: '{asker} bittet um mehr Zugriff auf Ihr Konto bei {provider} als bisher.',
  start_upgrade_lead_nameless: 'Sie werden um mehr Zugriff auf Ihr Konto bei {provider} gebeten als bisher.',
  start_repair_title: 'Verbindung mit {provider} reparieren',
  start_repair_lead:
    '{asker} hat den Zugriff auf Ihr Konto bei {provider} verloren. Melden Sie sich noch einmal an, dann geht die Arbeit dort weiter, wo sie stehen blieb.',
  start_repair_lead_nameless:
    'Die Verbindung mit Ihrem Konto bei {provider} funktioniert nicht mehr. Melden Sie sich noch einmal an, dann geht die Arbeit dort weiter, wo sie stehen blieb.',
  start_sign_in_as: 'Bitte melden Sie sich als {subject} an: Dieses Konto soll verbunden werden.',
  start_scopes: 'Die App darf damit',
  start_scopes_added: 'Neu',
  start_scopes_kept: 'Bisher schon erlaubt',
  start_scopes_unknown: '{provider} zeigt Ihnen, worum gebeten wird, bevor Sie zustimmen.',
  start_scopes_spelling: 'Technische Namen',
  start_button: 'Weiter zu {provider}',
  start_password: 'Sie melden sich bei {provider} selbst an. Ihr Passwort ist hier nicht zu sehen.',
  start_expected: 'Sie haben das nicht erwartet? Schließen Sie die Seite, dann geschieht nichts.',
  start_once: 'Dieser Link gilt einmal, bis {time}.',

  done_title: 'Noch ein Schritt',
  done_lead: 'Sie haben sich bei {provider} angemeldet.',
  done_lead_as: 'Sie haben sich bei {provider} als {subject} angemeldet.',
  done_copy: 'Kopieren Sie zum Abschluss diese beiden Werte dorthin, wo Sie begonnen haben.',
  done_warning:
    'Geben Sie sie niemandem sonst, wer auch immer darum bittet: Damit könnte jemand Ihr Konto als seines verbinden.',
  done_session: 'Sitzung',
  done_code: 'Bestätigungscode',
  done_until: 'Sie gelten einmal, bis {time}, und werden nur jetzt gezeigt.',
  succeeded_title: '{provider} ist verbunden',
  succeeded_title_again: '{provider} ist wieder verbunden',
  succeeded_as: 'Sie haben sich als {subject} angemeldet.',
  succeeded_goes_on: 'Was darauf gewartet hat, geht von selbst weiter.',

  denied_title: 'Der Zugriff wurde nicht erlaubt',
  denied_text:
    'Der Zugriff wurde bei {provider} abgelehnt, von Ihnen oder durch eine Regel Ihrer Organisation. Es hat sich nichts geändert.',
  denied_again: 'Wenn das ein Versehen war, versuchen Sie es noch einmal und stimmen Sie dort zu.',
  denied_new_link: 'Wenn das ein Versehen war, bitten Sie den Absender des Links um einen neuen.',

  unknown_link_title: 'Dieser Link führt ins Leere',
  unknown_link_text: 'Vielleicht ging beim Kopieren oder Verschicken ein Teil davon verloren.',
  unknown_link_next:
    'Öffnen Sie den ganzen Link aus der Nachricht noch einmal, oder bitten Sie um einen neuen.',
  expired_link_title: 'Dieser Link ist abgelaufen',
  expired_link_text: 'Links gelten nur kurze Zeit, und neuere ersetzen ältere.',
  used_link_title: 'Dieser Link wurde schon benutzt',
  used_link_text:
    'Jeder Link gilt einmal. Wenn Sie es waren, machen Sie in dem Fenster weiter, in dem Sie begonnen haben.',
  used_link_next: 'Wenn Sie es nicht waren, sagen Sie dem Absender Bescheid und bitten Sie um einen neuen.',
  repaired_title: 'Das ist schon repariert',
  repaired_text: 'Die Verbindung funktioniert wieder. Es ist nichts mehr zu tun.',
  repair_over_title: 'Dieser Reparaturlink ist abgelaufen',
  repair_over_text: 'Reparaturlinks gelten sieben Tage. Die Verbindung muss noch repariert werden.',

  foreign_post_title: 'Bitte nutzen Sie die Schaltfläche auf unserer Seite',
  foreign_post_text:
    'Diese Anfrage kam von einer anderen Seite, oder Ihr Browser hat nicht gesagt, woher. Zu Ihrer Sicherheit wurde sie hier angehalten, und es hat sich nichts geändert.',
  foreign_post_next: 'Öffnen Sie unsere Seite und nutzen Sie die Schaltfläche dort.',
  foreign_post_button: 'Seite öffnen',
  wrong_browser_title: 'Bitte machen Sie in dem Browser weiter, in dem Sie begonnen haben',
  wrong_browser_text:
    'Diese Anmeldung begann in einem anderen Browser, oder dieser hier behält keine Cookies. Zu Ihrer Sicherheit wurde sie hier angehalten, und es wurde nichts verbunden.',
  wrong_browser_next:
    'Kehren Sie zu dem Browser zurück, in dem Sie begonnen haben, oder bitten Sie um einen neuen Link und bleiben Sie in einem Browser.',
  wrong_browser_stranger: 'Wenn Sie das nicht selbst begonnen haben, schließen Sie die Seite.',
  coming_back_title: 'Einen Moment',
  coming_back_text: 'Ihre Anmeldung wird abgeschlossen.',
  coming_back_next: 'Weiter',
  running_title: 'Diese Anmeldung wird gerade abgeschlossen',
  running_text: 'Ein anderes Fenster schließt sie ab. Dieses können Sie schließen.',
  finished_title: 'Diese Anmeldung ist abgeschlossen',
  finished_text: 'Die Seite neu zu laden oder zurückzugehen schadet nicht und ändert nichts.',
  finished_failed: 'Sie führte zu keiner Verbindung. Bitten Sie den Absender des Links um einen neuen.',
  back: 'Zurück',
  back_to: 'Zurück zu {asker}',
  expired_session_title: 'Das hat zu lange gedauert',
  expired_session_text:
    'Zwischen dem Beginn und Ihrer Rückkehr von {provider} vergingen mehr als zehn Minuten. Es hat sich nichts geändert.',
  invalid_callback_title: 'Diese Anmeldung lässt sich nicht abschließen',
  invalid_callback_text:
    'Was zurückkam, gehört zu keiner Anmeldung, die hier begann. Es wurde nichts verbunden.',
  invalid_callback_next:
    'Beginnen Sie noch einmal mit dem Link, den Sie bekommen haben, oder bitten Sie um einen neuen.',

  mismatch_title: 'Das ist ein anderes Konto',
  mismatch_text: 'Die Verbindung gehört zu einem anderen Konto bei {provider}. Sie bleibt, wie sie war.',
  mismatch_signed_in: 'Angemeldet als',
  mismatch_expected: 'Erwartet',
  mismatch_again:
    'Melden Sie sich bei {provider} ab, oder wählen Sie dort das andere Konto, und versuchen Sie es noch einmal.',
  mismatch_new_link:
    'Melden Sie sich bei {provider} ab, bitten Sie den Absender des Links um einen neuen, und wählen Sie das andere Konto.',
  unverified_title: 'Die E-Mail-Adresse ist nicht bestätigt',
  unverified_text: '{provider} bürgt nicht für die Adresse dieses Kontos. Es hat sich nichts geändert.',
  unverified_again: 'Bestätigen Sie die Adresse bei {provider}, und versuchen Sie es noch einmal.',
  unverified_new_link:
    'Bestätigen Sie die Adresse bei {provider}, und bitten Sie den Absender des Links um einen neuen.',
  unknown_subject_title: 'Es ist nicht klar, wer sich angemeldet hat',
  unknown_subject_text: '{provider} hat nicht gesagt, wessen Konto das ist. Es hat sich nichts geändert.',

  provider_error_title: '{provider} hat mit einem Fehler geantwortet',
  provider_error_text: 'Die Verbindung kam nicht zustande. Es hat sich nichts geändert.',
  provider_unavailable_title: '{provider} antwortet nicht',
  provider_unavailable_text:
    'Der Dienst ist gerade nicht erreichbar oder bittet um eine Pause. Es hat sich nichts geändert.',
  provider_unavailable_again: 'Warten Sie einige Minuten, und versuchen Sie es noch einmal.',
  provider_unavailable_new_link:
    'Warten Sie einige Minuten, und bitten Sie den Absender des Links um einen neuen.',

  misconfigured_title: 'Diese Verbindung ist nicht richtig eingerichtet',
  misconfigured_text: 'Es liegt nicht an Ihnen, und Sie können es hier nicht beheben.',
  misconfigured_next: 'Sagen Sie dem Absender des Links Bescheid und nennen Sie die Vorgangsnummer unten.',
  changed_title: 'Die Verbindung wurde inzwischen geändert',
  changed_text:
    'Ihre Einstellungen wurden geändert, während Sie sich anmeldeten. Zu Ihrer Sicherheit wurde hier angehalten, und es wurde nichts verbunden.',
  unavailable_title: 'Bitte versuchen Sie es gleich noch einmal',
  unavailable_text: 'Ein Teil dieses Dienstes antwortet gerade nicht.',
  unavailable_next: 'Warten Sie einen Augenblick, und öffnen Sie den Link noch einmal.',
  request_title: 'Diese Seite lässt sich nicht anzeigen',
  request_text: 'Die Anfrage war keine, die hier verstanden wird.',
  request_next: 'Öffnen Sie den Link, den Sie bekommen haben, noch einmal.',
  too_many_title: 'Etwas zu schnell',
  too_many_text: 'Es kamen mehr Anfragen, als auf einmal beantwortet werden.',
  too_many_next: 'Warten Sie eine Minute, und versuchen Sie es noch einmal.',
  internal_title: 'Hier ist etwas schiefgegangen',
  internal_text: 'Es liegt nicht an Ihnen.',
  internal_next: 'Warten Sie einen Augenblick, und öffnen Sie den Link noch einmal.',

  approval_title: 'Diese Anfrage genehmigen?',
  approval_lead: 'Sie geht einmal durch, genau wie hier gezeigt, und nur, wenn Sie sie genehmigen.',
  approval_use_token: 'Der Agent {agent} bittet um die Zugangsdaten dieses Kontos bei {provider}.',
  approval_use_proxy: 'Der Agent {agent} möchte eine Anfrage an {provider} senden.',
  approval_use_tool: 'Der Agent {agent} möchte bei {provider} ein Werkzeug ausführen.',
  approval_request: 'Was gesendet wird',
  approval_tool: 'Werkzeug',
  approval_method: 'Methode',
  approval_path: 'Pfad',
  approval_digest: 'Prüfsumme',
  approval_hidden:
    'Der Rest wird hier nicht gezeigt. Nur eine Anfrage, deren Rest diese Prüfsumme hat, geht durch.',
  approval_token: 'Mit den Zugangsdaten kann der Agent alles tun, was das Konto erlaubt, bis sie ablaufen.',
  approval_account: 'In welchem Konto',
  approval_identifier: 'Kennung',
  approval_label: 'Angemeldet als',
  approval_reasons: 'Wer fragt, und warum',
  approval_agent: 'Name des Agenten',
  approval_why: 'Eigene Worte',
  approval_because: 'Regel',
  approval_approve: 'Genehmigen',
  approval_deny: 'Ablehnen',
  approval_unexpected: 'Wenn Sie nicht wissen, worum es geht, lehnen Sie ab.',
  approval_until:
    'Sie können bis {time} antworten. Ihre Genehmigung gilt für eine Verwendung innerhalb von {minutes} Minuten.',
  approval_approved_title: 'Sie haben die Anfrage genehmigt',
  approval_approved_text: 'Sie kann jetzt einmal durchgehen.',
  approval_denied_title: 'Sie haben die Anfrage abgelehnt',
  approval_denied_text: 'Sie geht nicht durch, und es hat sich nichts geändert.',
  approval_over_approved_title: 'Diese Anfrage wurde schon genehmigt',
  approval_over_denied_title: 'Diese Anfrage wurde schon abgelehnt',
  approval_over_used_title: 'Diese Anfrage wurde genehmigt und ist durchgegangen',
  approval_over_text: 'Über jede Anfrage wird einmal entschieden, und dieser Link wird nicht mehr gebraucht.',
  approval_over_expired_title: 'Diese Anfrage ist abgelaufen',
  approval_over_expired_text:
    'Sie wurde nicht rechtzeitig beantwortet, oder die Genehmigung nicht rechtzeitig genutzt. Wenn sie noch gebraucht wird, fragt der Agent erneut.',
};
