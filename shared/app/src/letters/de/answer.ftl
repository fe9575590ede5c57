### Wie ein Antrag ausging.

## Erledigt.

answer_copy = Die Kopie Ihrer Daten liegt hier bereit:
answer_categories = Die Liste dessen, was wir über Sie haben, ohne den Inhalt, liegt hier bereit:
answer_information = Was unsere Datenschutzerklärung über die Verwendung von Daten sagt, liegt hier bereit:
answer_as_table = Als Tabelle (CSV):
answer_until = Die Links gelten bis { $day }.
answer_nothing_to_erase = Unter dieser Adresse haben wir keine Daten, die zu löschen wären.
answer_items = Das ist mit Ihren Daten geschehen, Punkt für Punkt:
answer_certificate = Diese Bescheinigung belegt es, und jeder, dem Sie sie geben, kann sie prüfen. Unterschrieben ist sie binnen eines Tages:
answer_withdrawn = Ihre Einwilligung ist widerrufen. Was bis jetzt geschah, bleibt rechtmäßig; auf ihrer Grundlage geschieht nichts mehr.
answer_stopped = Von jetzt an verwenden wir Ihre Daten nicht mehr dafür:
answer_stopped_nothing = Wir verwenden Daten zu nichts, was ein solcher Antrag beendet. Wir bewahren ihn auf, und er bindet uns, wenn sich das ändert.
answer_stopped_until_decided = Unsere Datenschutzstelle sieht sich Ihren Antrag an und schreibt Ihnen. Bis dahin bleibt es dabei.
answer_recorded = Ihre Anweisungen sind so festgehalten, wie Sie sie gegeben haben. Ein späterer Antrag ändert oder widerruft sie.
answer_with_office = Ihr Antrag liegt bei unserer Datenschutzstelle, die Ihnen schreiben wird.
answer_granted = Wir haben getan, was Sie beantragt haben.
answer_granted_restriction = Von jetzt an speichern wir Ihre Daten nur noch und verwenden sie nicht. Wir sagen es Ihnen, bevor das endet.
answer_granted_appeal = Wir haben unsere frühere Entscheidung noch einmal geprüft. Ihrem Einspruch ist stattgegeben: Wir ändern die Entscheidung.
answer_granted_complaint = Wir sind Ihrer Beschwerde nachgegangen, und Sie haben recht.
answer_corrected = Wir haben Ihre Daten berichtigt, und zwar in diesen Feldern:
answer_recipients_told = Wem wir die Daten gegeben haben, dem sagen wir es, sofern das möglich ist.

## Abgelehnt, zum Teil oder ganz.

answer_in_part = Einen Teil dessen, was Sie beantragt haben, tun wir nicht. Punkt für Punkt, mit dem Grund:
answer_refused = Wir tun nicht, was Sie beantragt haben.
answer_refused_appeal = Wir haben unsere frühere Entscheidung noch einmal geprüft, und sie bleibt bestehen: Ihr Einspruch ist abgelehnt.
answer_refused_complaint = Wir sind Ihrer Beschwerde nachgegangen und halten sie nicht für begründet.
answer_reason = Der Grund: { $reason } ({ $article })
answer_policy_reason = Der Grund, in den Worten unserer Datenschutzerklärung ({ $clause }):
answer_offer = Stattdessen können Sie dies beantragen: { $request }.
answer_not_verified = Was Sie uns angegeben haben, damit wir prüfen können, wer Sie sind, stimmt nicht mit dem überein, was wir haben. Deshalb können wir auf diesen Antrag nichts tun. Sie können ihn mit anderen Angaben wieder stellen.

## Punkte.

item_erased = { $what }: gelöscht (Nachweis { $evidence })
item_kept = { $what }: aufbewahrt. { $reason } ({ $article })
item_held = { $what }: vorerst aufbewahrt, weil eine rechtliche Löschsperre gilt ({ $article })
item_refused = { $what }: { $reason } ({ $article })
item_for_purpose = { $category }, für: { $purpose }

## Was die Systeme des Verantwortlichen getan haben.

systems = Unsere Systeme, eines nach dem anderen:
system_done =
    { $records ->
        [one] { $system }: erledigt ({ $records } Datensatz)
       *[other] { $system }: erledigt ({ $records } Datensätze)
    }
system_not_found = { $system }: hat nichts über Sie
system_kept =
    { $records ->
        [one] { $system }: { $records } Datensatz aufbewahrt. { $reason } ({ $article })
       *[other] { $system }: { $records } Datensätze aufbewahrt. { $reason } ({ $article })
    }
system_delivered = { $system }: Was es hat, ist Teil der Kopie
system_given_up = { $system }: Von dort kam nicht rechtzeitig ein Ergebnis. Fragen Sie uns jederzeit, was daraus wurde.

## Anders beendet.

ended_withdrawn = Sie haben Ihren Antrag zurückgenommen. Es geschieht darauf nichts mehr.
ended_stopped = Wir haben Ihren Antrag angehalten und führen ihn nicht weiter aus.
ended_stopped_why = Der Grund:
ended_merged = Dasselbe haben Sie schon einmal beantragt. Wir beantworten beides zusammen unter der Nummer { $number }.
ended_lapsed = Ihr Antrag ist verfallen: Niemand hat rechtzeitig bestätigt, dass er von ihm ist.
ended_lapsed_question = Ihr Antrag ist verfallen: Unsere Rückfrage vom { $day } wurde nicht rechtzeitig beantwortet.
ended_lapsed_safe = Zum Schutz Ihrer Daten tun wir ohne das nichts.
ended_lapsed_unclear = Ohne Antwort konnten wir nicht erkennen, was Sie wollen.
ended_again = Sie können ihn jederzeit wieder stellen.
done_already = Bis dahin ist dies geschehen:
done_nothing = Bis dahin war nichts geschehen.
done_stopped = Ihre Daten wurden dafür nicht mehr verwendet: { $purpose }
