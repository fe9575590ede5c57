### Warum etwas abgelehnt wird. Der Artikel steht jeweils daneben.

refusal_manifestly-unfounded = Der Antrag ist offenkundig unbegründet.
refusal_excessive = Der Antrag ist exzessiv, weil er frühere wiederholt.
refusal_identity-not-established = Wir konnten nicht feststellen, dass der Antrag von der Person kommt, um deren Daten es geht.
refusal_legal-obligation = Ein Gesetz verpflichtet uns, diese Daten aufzubewahren oder zu verwenden.
refusal_legal-claims = Die Daten sind nötig, um Rechtsansprüche geltend zu machen, auszuüben oder zu verteidigen.
refusal_freedom-of-expression = Die Freiheit der Meinungsäußerung und Information überwiegt.
refusal_public-health = Die Daten sind für die öffentliche Gesundheit nötig.
refusal_archiving = Die Daten sind für Archive im öffentlichen Interesse, Forschung oder Statistik nötig.
refusal_rights-of-others = Es würde die Rechte und Freiheiten anderer beeinträchtigen.
refusal_compelling-grounds = Zwingende schutzwürdige Gründe für diese Verwendung überwiegen Ihre Interessen.
refusal_accurate-as-it-is = Die Daten sind so, wie sie sind, richtig.
refusal_automation-allowed = Die automatisierte Entscheidung ist für einen Vertrag mit Ihnen nötig, oder ein Gesetz erlaubt sie.
refusal_not-held = Wir haben nichts dergleichen, oder jemand anderes ist dafür verantwortlich.
refusal_twice-in-twelve-months = Sie haben diese Antwort in den letzten zwölf Monaten schon zweimal erhalten.

## Wo man sich beschweren kann.

complaint = Sie können sich bei einer Aufsichtsbehörde beschweren:
complaint_attorney_general = Sie können sich über diese Entscheidung beim Attorney General beschweren ({ $law }):
reached = { $authority } ({ $ways })
authority_eu-gdpr = die Datenschutzaufsichtsbehörde des Landes, in dem Sie wohnen oder arbeiten oder in dem der Verstoß geschah
authority_uk-gdpr = Information Commissioner’s Office (Vereinigtes Königreich)
authority_us-ca = California Privacy Protection Agency oder der Attorney General von Kalifornien
authority_us-va = Attorney General von Virginia
authority_us-co = Attorney General von Colorado
authority_us-ct = Attorney General von Connecticut
authority_us-tx = Attorney General von Texas
authority_us-hipaa = Office for Civil Rights, U.S. Department of Health and Human Services
authority_br-lgpd = Autoridade Nacional de Proteção de Dados (Brasilien)
authority_ca-pipeda = Office of the Privacy Commissioner of Canada (Kanada)
authority_ca-qc = Commission d’accès à l’information (Québec), innerhalb von 30 Tagen nach einer Ablehnung
authority_za-popia = Information Regulator (Südafrika)
authority_au = Office of the Australian Information Commissioner (Australien)
authority_in-dpdp = Data Protection Board of India (Indien)
authority_sg = Personal Data Protection Commission (Singapur)
authority_ch = Eidgenössischer Datenschutz- und Öffentlichkeitsbeauftragter (Schweiz)
authority_jp = Personal Information Protection Commission (Japan)
authority_kr = Personal Information Protection Commission (Korea)
authority_nz = Privacy Commissioner (Neuseeland)
authority_th = Personal Data Protection Committee (Thailand)
authority_tr = Kişisel Verileri Koruma Kurumu (Türkei)

## Die Rechtsbehelfe daneben.

court = Sie können auch vor Gericht gehen ({ $law }).
complain_to_us = Sie können sich auch zuerst bei uns beschweren: { $contact } ({ $law }).
appeal = Sie können gegen diese Entscheidung kostenlos Einspruch einlegen. Stellen Sie einen Antrag der Art „appeal“, der die Nummer unten nennt, oder schreiben Sie an { $contact }. Unsere Entscheidung mit ihren Gründen erhalten Sie dann schriftlich ({ $law }).
officer = Für den Datenschutz bei uns beauftragt: { $officer }.
