### Was alle Schreiben und Seiten gemeinsam haben.

date = { $day }. { $month } { $year }
month_1 = Januar
month_2 = Februar
month_3 = März
month_4 = April
month_5 = Mai
month_6 = Juni
month_7 = Juli
month_8 = August
month_9 = September
month_10 = Oktober
month_11 = November
month_12 = Dezember

## Betreffzeilen: nichts über die Person, denn Server auf dem Weg protokollieren sie.

subject_received = { $controller }: Ihr Datenschutzantrag ist eingegangen
subject_question = { $controller }: Rückfrage zu Ihrem Datenschutzantrag
subject_longer = { $controller }: Ihr Datenschutzantrag braucht länger
subject_answer = { $controller }: Ihr Datenschutzantrag
subject_closed = { $controller }: Ihr Datenschutzantrag ist abgeschlossen

## Der Schluss jedes Schreibens.

questions = Fragen an: { $contact }.
number = Ihr Antrag hat die Nummer { $number }.

## Wie Quellen zitiert werden.

cited_gdpr = DSGVO
cited_policy = unsere Datenschutzerklärung
with_source = { $text } ({ $source })
office_words = Unsere Datenschutzstelle schreibt:

## Die Gesetze, wie man sie nennt.

law_eu-gdpr = DSGVO (Europäische Union)
law_uk-gdpr = UK GDPR (Vereinigtes Königreich)
law_us-ca = CCPA (Kalifornien)
law_us-va = VCDPA (Virginia)
law_us-co = CPA (Colorado)
law_us-ct = CTDPA (Connecticut)
law_us-tx = TDPSA (Texas)
law_us-hipaa = HIPAA (Vereinigte Staaten)
law_br-lgpd = LGPD (Brasilien)
law_ca-pipeda = PIPEDA (Kanada)
law_ca-qc = Gesetz 25 (Québec)
law_za-popia = POPIA (Südafrika)
law_au = Privacy Act 1988 (Australien)
law_in-dpdp = DPDP Act (Indien)
law_sg = PDPA (Singapur)
law_ch = DSG (Schweiz)
law_jp = APPI (Japan)
law_kr = PIPA (Korea)
law_nz = Privacy Act 2020 (Neuseeland)
law_th = PDPA (Thailand)
law_tr = KVKK (Türkei)
