### Was Betroffene über eine Datenpanne lesen: das Schreiben, die öffentliche Mitteilung und ihre Seite.

breach_subject = { $controller }: zur Sicherheit Ihrer Daten
breach_title = Mitteilung über eine Datenschutzverletzung
breach_reached = Möglicherweise hat jemand Zugriff auf Daten gehabt, die { $controller } über Sie speichert.
breach_tried = Jemand hat versucht, an Daten zu kommen, die { $controller } über Sie speichert. Soweit wir wissen, ist es nicht gelungen.
breach_dated = Dieses Schreiben von { $controller } ist vom { $day }.
breach_delayed = Wir schreiben erst jetzt, weil die Polizei uns gebeten hat zu warten, um ihre Ermittlungen nicht zu gefährden.
breach_in_english = Was geschehen ist und was zu tun ist, steht unten auf Englisch, weil es noch nicht übersetzt ist.
breach_in_german = Was geschehen ist und was zu tun ist, steht unten auf Deutsch, weil es noch nicht übersetzt ist.
breach_in_french = Was geschehen ist und was zu tun ist, steht unten auf Französisch, weil es noch nicht übersetzt ist.
breach_heading_happened = Was geschehen ist
breach_heading_information = Um welche Daten es geht
breach_heading_consequences = Was daraus folgen kann
breach_heading_measures = Was wir tun
breach_heading_advice = Was Sie tun können
breach_heading_contact = Wo Sie mehr erfahren
breach_on = Es geschah am { $day }.
breach_between = Es geschah zwischen dem { $from } und dem { $to }.
breach_kinds = Diese Arten von Daten:
breach_kinds_unknown = Welche Arten von Daten betroffen sind, ist noch nicht bekannt.
breach_consequences_unknown = Was daraus folgen kann, ist noch nicht bekannt.
breach_measures_unknown = Wir klären, wie es dazu kam, um es zu beenden und für die Zukunft zu verhindern.
breach_advice_none = Im Moment müssen Sie nichts tun. Seien Sie vorsichtig mit Nachrichten, die Sie nach Daten fragen.

## Die öffentliche Mitteilung und ihre Seite.

breach_alert_title = { $controller }: zur Sicherheit von Daten
breach_alert_reached = Möglicherweise hat jemand Zugriff auf Daten gehabt, die { $controller } über Menschen speichert.
breach_alert_tried = Jemand hat versucht, an Daten zu kommen, die { $controller } über Menschen speichert. Soweit wir wissen, ist es nicht gelungen.
alerts_title = { $controller }: was mit Daten geschehen ist
alerts_none = Im Moment gibt es nichts mitzuteilen.
alerts_published = Öffentlich seit dem { $day }.
alerts_updated = Zuletzt geändert am { $day }.
alerts_region = Mitteilung zur Sicherheit von Daten
alerts_details = Mehr lesen
alerts_dismiss = Schließen
