### Pourquoi quelque chose est refusé. L’article est indiqué à côté.

refusal_manifestly-unfounded = La demande est manifestement infondée.
refusal_excessive = La demande est excessive, car elle répète des demandes antérieures.
refusal_identity-not-established = Nous n’avons pas pu établir que la demande vient de la personne dont les données sont en cause.
refusal_legal-obligation = Une loi nous oblige à conserver ou à utiliser ces données.
refusal_legal-claims = Les données sont nécessaires à la constatation, à l’exercice ou à la défense de droits en justice.
refusal_freedom-of-expression = La liberté d’expression et d’information l’emporte.
refusal_public-health = Les données sont nécessaires à la santé publique.
refusal_archiving = Les données sont nécessaires à des archives d’intérêt public, à la recherche ou à des statistiques.
refusal_rights-of-others = Cela porterait atteinte aux droits et libertés d’autrui.
refusal_compelling-grounds = Des motifs légitimes et impérieux de cette utilisation prévalent sur vos intérêts.
refusal_accurate-as-it-is = Les données sont exactes telles qu’elles sont.
refusal_automation-allowed = La décision automatisée est nécessaire à un contrat avec vous, ou une loi l’autorise.
refusal_not-held = Nous ne détenons rien de tel, ou quelqu’un d’autre en est responsable.
refusal_twice-in-twelve-months = Vous avez déjà reçu cette réponse deux fois au cours des douze derniers mois.

## Où se plaindre.

complaint = Vous pouvez introduire une réclamation auprès d’une autorité de contrôle :
complaint_attorney_general = Vous pouvez introduire une plainte contre cette décision auprès de l’Attorney General ({ $law }) :
reached = { $authority } ({ $ways })
authority_eu-gdpr = l’autorité de protection des données du pays où vous vivez ou travaillez, ou de celui où la violation a eu lieu
authority_uk-gdpr = Information Commissioner’s Office (Royaume-Uni)
authority_us-ca = California Privacy Protection Agency, ou l’Attorney General de Californie
authority_us-va = Attorney General de Virginie
authority_us-co = Attorney General du Colorado
authority_us-ct = Attorney General du Connecticut
authority_us-tx = Attorney General du Texas
authority_us-hipaa = Office for Civil Rights, U.S. Department of Health and Human Services
authority_br-lgpd = Autoridade Nacional de Proteção de Dados (Brésil)
authority_ca-pipeda = Commissariat à la protection de la vie privée du Canada
authority_ca-qc = Commission d’accès à l’information (Québec), dans les 30 jours d’un refus
authority_za-popia = Information Regulator (Afrique du Sud)
authority_au = Office of the Australian Information Commissioner (Australie)
authority_in-dpdp = Data Protection Board of India (Inde)
authority_sg = Personal Data Protection Commission (Singapour)
authority_ch = Préposé fédéral à la protection des données et à la transparence (Suisse)
authority_jp = Personal Information Protection Commission (Japon)
authority_kr = Personal Information Protection Commission (Corée)
authority_nz = Privacy Commissioner (Nouvelle-Zélande)
authority_th = Personal Data Protection Committee (Thaïlande)
authority_tr = Kişisel Verileri Koruma Kurumu (Turquie)

## Les recours à côté.

court = Vous pouvez aussi saisir la justice ({ $law }).
complain_to_us = Vous pouvez aussi vous plaindre d’abord auprès de nous : { $contact } ({ $law }).
appeal = Vous pouvez former gratuitement un recours contre cette décision. Faites une demande de type « appeal » qui indique le numéro ci-dessous, ou écrivez à { $contact }. Vous recevrez alors notre décision motivée par écrit ({ $law }).
officer = Délégué(e) à la protection des données : { $officer }.
