### What every letter and page shares.

date = { $day } { $month } { $year }
month_1 = January
month_2 = February
month_3 = March
month_4 = April
month_5 = May
month_6 = June
month_7 = July
month_8 = August
month_9 = September
month_10 = October
month_11 = November
month_12 = December

## Subject lines: nothing about the person, since relays log them.

subject_received = { $controller }: we received your privacy request
subject_question = { $controller }: a question about your privacy request
subject_longer = { $controller }: your privacy request takes longer
subject_answer = { $controller }: your privacy request
subject_closed = { $controller }: your privacy request is closed

## The end of every letter.

questions = Questions: { $contact }.
number = Your request’s number is { $number }.

## How sources are cited.

cited_gdpr = GDPR
cited_policy = our privacy policy
# With a citation behind a sentence.
with_source = { $text } ({ $source })
office_words = Our privacy office writes:

## The laws, as people call them.

law_eu-gdpr = GDPR (European Union)
law_uk-gdpr = UK GDPR (United Kingdom)
law_us-ca = CCPA (California)
law_us-va = VCDPA (Virginia)
law_us-co = CPA (Colorado)
law_us-ct = CTDPA (Connecticut)
law_us-tx = TDPSA (Texas)
law_us-hipaa = HIPAA (United States)
law_br-lgpd = LGPD (Brazil)
law_ca-pipeda = PIPEDA (Canada)
law_ca-qc = Law 25 (Québec)
law_za-popia = POPIA (South Africa)
law_au = Privacy Act 1988 (Australia)
law_in-dpdp = DPDP Act (India)
law_sg = PDPA (Singapore)
law_ch = FADP (Switzerland)
law_jp = APPI (Japan)
law_kr = PIPA (Korea)
law_nz = Privacy Act 2020 (New Zealand)
law_th = PDPA (Thailand)
law_tr = KVKK (Türkiye)
