### Why something is refused. The article stands beside each.

refusal_manifestly-unfounded = The request is manifestly unfounded.
refusal_excessive = The request is excessive, because it repeats earlier ones.
refusal_identity-not-established = We could not establish that the request comes from the person whose data it is about.
refusal_legal-obligation = A law obliges us to keep or use this data.
refusal_legal-claims = The data is needed to establish, exercise or defend legal claims.
refusal_freedom-of-expression = Freedom of expression and information outweighs it.
refusal_public-health = The data is needed for public health.
refusal_archiving = The data is needed for archives in the public interest, research or statistics.
refusal_rights-of-others = It would harm the rights and freedoms of others.
refusal_compelling-grounds = Compelling legitimate grounds for this use override your interests.
refusal_accurate-as-it-is = The data is accurate as it stands.
refusal_automation-allowed = The automated decision is necessary for a contract with you, or a law allows it.
refusal_not-held = We hold nothing of the kind, or somebody else is responsible for it.
refusal_twice-in-twelve-months = You have had this answer twice in the last twelve months.

## Where to complain.

complaint = You can complain to a supervisory authority:
complaint_attorney_general = You can submit a complaint about this decision to the Attorney General ({ $law }):
# An authority and the ways to reach it.
reached = { $authority } ({ $ways })
authority_eu-gdpr = the data protection authority of the country where you live or work, or where the infringement happened
authority_uk-gdpr = Information Commissioner’s Office (United Kingdom)
authority_us-ca = California Privacy Protection Agency, or the Attorney General of California
authority_us-va = Attorney General of Virginia
authority_us-co = Attorney General of Colorado
authority_us-ct = Attorney General of Connecticut
authority_us-tx = Attorney General of Texas
authority_us-hipaa = Office for Civil Rights, U.S. Department of Health and Human Services
authority_br-lgpd = Autoridade Nacional de Proteção de Dados (Brazil)
authority_ca-pipeda = Office of the Privacy Commissioner of Canada
authority_ca-qc = Commission d’accès à l’information (Québec), within 30 days of a refusal
authority_za-popia = Information Regulator (South Africa)
authority_au = Office of the Australian Information Commissioner
authority_in-dpdp = Data Protection Board of India
authority_sg = Personal Data Protection Commission (Singapore)
authority_ch = Federal Data Protection and Information Commissioner (Switzerland)
authority_jp = Personal Information Protection Commission (Japan)
authority_kr = Personal Information Protection Commission (Korea)
authority_nz = Privacy Commissioner (New Zealand)
authority_th = Personal Data Protection Committee (Thailand)
authority_tr = Kişisel Verileri Koruma Kurumu (Türkiye)

## The remedies beside it.

court = You can also go to court ({ $law }).
complain_to_us = You can also complain to us first: { $contact } ({ $law }).
appeal = You can appeal against this decision free of charge. Make a request of the type “appeal” that names the number below, or write to { $contact }. You then have our decision with its reasons in writing ({ $law }).
officer = Our data protection officer: { $officer }.
