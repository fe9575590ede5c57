### Die Seiten für die Person, die den Antrag gestellt hat.

page_title = { $controller }: Ihr Datenschutzantrag

## Wie es um einen Antrag steht, für die Person.

stage_awaiting-verification = Wartet auf Ihre Bestätigung
stage_awaiting-requester = Wartet auf Ihre Antwort
stage_in-progress = Wir arbeiten daran
stage_answered = Beantwortet
stage_refused = Abgelehnt
stage_withdrawn = Von Ihnen zurückgenommen
stage_stopped = Von uns angehalten
stage_merged = Mit einem früheren Antrag beantwortet
stage_lapsed = Verfallen

## Die Statusseite.

heading_understood = Was wir verstanden haben
heading_law = Bis wann, und warum
heading_next = Wie es weitergeht
heading_answer = Unsere Antwort
heading_history = Was geschehen ist
heading_you_can = Was Sie tun können
law_extended = Die Frist wurde am { $day } verlängert: { $reason }
law_steps = So kommt dieser Tag zustande, Schritt für Schritt:
law_step = { $day }: { $law }
law_late = Dieser Tag ist vorbei. Wir sind zu spät, und Sie können sich beschweren.
next_confirm = Bestätigen Sie, dass der Antrag von Ihnen ist: mit dem Link oder dem Code, den wir Ihnen gemailt haben.
next_reply = Wir haben Sie per Mail etwas gefragt. Sobald Sie antworten, geht es weiter.
next_nothing = Nichts mehr: Der Antrag ist abgeschlossen.
answer_mailed = Die Antwort mit ihren Gründen haben wir Ihnen gemailt, sofern wir Ihre Adresse haben.
take_back = Diesen Antrag zurücknehmen
take_back_text = Solange der Antrag offen ist, können Sie ihn zurücknehmen. Was bis dahin geschehen ist, bleibt geschehen.
see_status = Sehen, wie es um Ihren Antrag steht
download_table = Die Antwort als Tabelle herunterladen (CSV)
download = Die Antwort herunterladen
see_certificate = Die Bescheinigung über die Löschung ansehen
reply_title = { $controller }: Ihre Antwort
reply_label = Ihre Antwort
reply_button = Antwort senden

## Verlauf, ohne das, was innerhalb der Datenschutzstelle geschieht.

past_received = Eingegangen
past_confirmed = Bestätigt, dass er von Ihnen ist
past_asked_identity = Wir haben Sie gebeten, zu zeigen, wer Sie sind
past_asked_clarification = Wir haben Sie gefragt, was genau Sie meinen
past_replied = Sie haben geantwortet
past_extended = Wir haben die Frist verlängert und Ihnen gesagt, warum
past_laws = Die geltenden Gesetze wurden neu bestimmt
past_interim = Von unserer Datenschutzstelle aufgenommen
past_answered = Beantwortet
past_withdrawn = Sie haben ihn zurückgenommen
past_stopped = Wir haben ihn angehalten
past_merged = Mit einem früheren Antrag verbunden
past_lapsed = Er ist verfallen
past_mail_failed = Eine Mail an Sie kam als unzustellbar zurück

## Die Bestätigung.

confirm_title = { $controller }: Antrag bestätigen
confirm_text = Bestätigen Sie, dass der Datenschutzantrag, der mit Ihrer Adresse gestellt wurde, von Ihnen ist.
confirm_button = Dieser Antrag ist von mir
confirm_code_text = Geben Sie den Code ein, den wir Ihnen gemailt haben.
confirm_code_label = Code
confirm_code_button = Bestätigen
confirm_not_yours = Wenn er nicht von Ihnen ist, schließen Sie diese Seite: Dann geschieht nichts.
confirmed_title = { $controller }: bestätigt
confirmed_text = Danke. Ihr Antrag ist bestätigt, und wir arbeiten daran.
code_wrong = Das ist nicht der Code, oder er gilt nicht mehr.

## Die Bescheinigung über eine Löschung.

certificate_title = { $controller }: Bescheinigung über die Löschung
certificate_text = Das wurde gelöscht. Jede Zeile steht in unseren Nachweisen, die danach niemand mehr ändern kann, auch wir nicht. Die Nachweise nennen niemanden: Nur die Datei unten zeigt, dass diese Zeilen Ihre sind.
certificate_item = { $what }: gelöscht am { $day } (Nachweis { $evidence })
certificate_signed = Der Nachweis ist für alles unterschrieben.
certificate_unsigned = Die Nachweise werden einmal am Tag unterschrieben, und noch sind es nicht alle. Kommen Sie morgen für die unterschriebene Bescheinigung wieder.
certificate_missing = Für einen Teil gibt es keinen Nachweis, aus dem eine Bescheinigung gezogen werden kann. Die Antwort auf Ihren Antrag nennt ihn.
certificate_check = Die Datei enthält alles, was eine Prüfung braucht. Sie geht ohne uns, mit dem Programm „habeas“ und unserem öffentlichen Schlüssel: habeas verify --certificate DATEI --trust SCHLÜSSEL
certificate_download = Die Bescheinigung herunterladen (JSON)
