### Was beantragt wurde und was bis zur Antwort geschieht.

## Was beantragt werden kann.

request_access = eine Kopie Ihrer personenbezogenen Daten und Auskunft, was wir damit tun
request_rectification = die Berichtigung Ihrer personenbezogenen Daten
request_erasure = die Löschung Ihrer personenbezogenen Daten
request_restriction = dass Ihre personenbezogenen Daten gespeichert, aber nicht verwendet werden
request_objection = Widerspruch gegen die Verwendung Ihrer personenbezogenen Daten
request_portability = Ihre personenbezogenen Daten zum Mitnehmen
request_withdraw-consent = der Widerruf Ihrer Einwilligung
request_complaint = eine Beschwerde bei uns
request_know-categories = welche Arten personenbezogener Daten wir über Sie haben
request_know-pieces = die einzelnen personenbezogenen Daten, die wir über Sie haben
request_information = Auskunft, was wir mit personenbezogenen Daten tun
request_objection-marketing = keine Werbung mehr
request_objection-automated = keine Entscheidung über Sie allein durch eine Maschine
request_do-not-sell-or-share = dass Ihre personenbezogenen Daten weder verkauft noch weitergegeben werden
request_limit-sensitive = dass Ihre sensiblen Daten nur für das Nötige verwendet werden
request_post-mortem = Anweisungen für Ihre personenbezogenen Daten nach Ihrem Tod
request_appeal = Einspruch gegen unsere frühere Entscheidung

## Was verstanden wurde.

received = { $controller } hat Ihren Antrag am { $day } erhalten.
asked_for = Ihr Anliegen: { $request }.
about_service = Es geht um diesen Dienst: { $service }.
about_request = Es geht um den früheren Antrag Nummer { $number }.
about_purposes = Es geht um diese Verwendungen Ihrer Daten:
acting_agent = Den Antrag hat für Sie jemand gestellt, der nach eigener Angabe von Ihnen bevollmächtigt ist.
acting_guardian = Den Antrag hat ein Elternteil oder Vormund gestellt.
acting_successor = Den Antrag hat ein Erbe oder eine Erbin gestellt.
entered_by_office = Unsere Datenschutzstelle hat ihn so aufgeschrieben, wie er uns erreicht hat.
follows_instructions = Er führt die Anweisungen aus, die für die Zeit nach dem Tod hinterlassen wurden.
under_laws =
    { $count ->
        [one] Dieses Gesetz gilt: { $laws }.
       *[other] Diese Gesetze gelten: { $laws }.
    }
due = Wir antworten bis spätestens { $day } ({ $law }).

## Wie geprüft wird, wer den Antrag stellt.

verify_none = Dafür müssen Sie nicht nachweisen, wer Sie sind.
verify_mail = So prüfen wir, dass der Antrag von Ihnen ist: über die Adresse, mit der er gestellt wurde. Bitte öffnen Sie diese Seite und bestätigen Sie:
verify_code = Oder geben Sie diesen Code innerhalb von 30 Minuten dort ein, wo danach gefragt wird: { $code }
verify_until = Das können Sie bis { $day } tun. Ohne Ihre Bestätigung geschieht nichts, und der Antrag verfällt.
verify_not_yours = Wenn Sie das nicht beantragt haben, tun Sie nichts.
verify_points =
    { $points ->
        [one] So prüfen wir, dass der Antrag von Ihnen ist: Wir vergleichen Ihre Angaben mit denen, die wir haben. { $points } davon muss übereinstimmen.
       *[other] So prüfen wir, dass der Antrag von Ihnen ist: Wir vergleichen Ihre Angaben mit denen, die wir haben. { $points } verschiedene müssen übereinstimmen.
    } Wir verwenden sie zu nichts anderem.
verify_account = So prüfen wir, dass der Antrag von Ihnen ist: über Ihr Konto bei uns. Bitte melden Sie sich dort an und bestätigen Sie den Antrag.
verify_office = Unsere Datenschutzstelle prüft, wer diesen Antrag stellt, und schreibt Ihnen.
next_carried_out = So geht es weiter: Wir führen ihn aus und schreiben Ihnen.
next_review = So geht es weiter: Eine Person unserer Datenschutzstelle sieht ihn sich an, und wir schreiben Ihnen.
status_page = Wie es um Ihren Antrag steht, sehen Sie jederzeit hier:

## Eine Rückfrage.

identity_why = Wir können noch nicht sicher sein, dass dieser Antrag von der Person kommt, um deren Daten es geht. Bevor wir etwas herausgeben oder ändern, bitten wir Sie deshalb, zu zeigen, wer Sie sind.
identity_what = Darum bitten wir Sie, und das ist der Grund:
identity_use = Was Sie schicken, verwenden wir nur für diese Prüfung und löschen es, wenn der Antrag abgeschlossen ist. Bitte schicken Sie nicht mehr, als wir erbitten.
clarification_why = Damit unsere Antwort die ist, die Sie wollen, bitten wir Sie, genauer zu sagen, was Sie meinen.
clarification_what = Das ist unsere Frage:
clarification_free = Wenn Sie das nicht möchten, sagen Sie es uns: Dann beantworten wir den Antrag so, wie er ist.
reply_here = Bitte antworten Sie hier:
reply_by_mail = Bitte schreiben Sie an { $contact } und nennen Sie die Nummer Ihres Antrags.
reply_until = Bitte antworten Sie bis { $day }. Ohne Antwort verfällt der Antrag; Sie können ihn jederzeit wieder stellen.
effect_stands = { $law }: Die Frist für unsere Antwort steht still, bis Sie antworten.
effect_begins_anew = { $law }: Die Frist für unsere Antwort beginnt neu an dem Tag, an dem wir haben, worum wir bitten.
effect_runs_on = { $law }: Die Frist für unsere Antwort läuft weiter. Sie erhalten sie bis spätestens { $day }.

## Eine Verlängerung.

extended = Wir brauchen für unsere Antwort länger. Sie erhalten sie bis spätestens { $day } statt bis { $before }.
extended_why = Der Grund: { $reason }
extension_complexity = Ihr Antrag ist komplex.
extension_number-of-requests = Sie haben viele Anträge gestellt, und alle brauchen Zeit.
