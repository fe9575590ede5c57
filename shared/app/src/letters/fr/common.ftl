### Ce que toutes les lettres et pages ont en commun.

date =
    { $day ->
        [1] 1er
       *[other] { $day }
    } { $month } { $year }
month_1 = janvier
month_2 = février
month_3 = mars
month_4 = avril
month_5 = mai
month_6 = juin
month_7 = juillet
month_8 = août
month_9 = septembre
month_10 = octobre
month_11 = novembre
month_12 = décembre

## Objets : rien sur la personne, car les relais les enregistrent.

subject_received = { $controller } : nous avons reçu votre demande
subject_question = { $controller } : une question sur votre demande
subject_longer = { $controller } : votre demande prend plus de temps
subject_answer = { $controller } : votre demande relative à vos données
subject_closed = { $controller } : votre demande est close

## La fin de chaque lettre.

questions = Questions : { $contact }.
number = Votre demande porte le numéro { $number }.

## Comment les sources sont citées.

cited_gdpr = RGPD
cited_policy = notre politique de confidentialité
with_source = { $text } ({ $source })
office_words = Notre service de protection des données écrit :

## Les lois, telles qu’on les appelle.

law_eu-gdpr = RGPD (Union européenne)
law_uk-gdpr = UK GDPR (Royaume-Uni)
law_us-ca = CCPA (Californie)
law_us-va = VCDPA (Virginie)
law_us-co = CPA (Colorado)
law_us-ct = CTDPA (Connecticut)
law_us-tx = TDPSA (Texas)
law_us-hipaa = HIPAA (États-Unis)
law_br-lgpd = LGPD (Brésil)
law_ca-pipeda = LPRPDE (Canada)
law_ca-qc = Loi 25 (Québec)
law_za-popia = POPIA (Afrique du Sud)
law_au = Privacy Act 1988 (Australie)
law_in-dpdp = DPDP Act (Inde)
law_sg = PDPA (Singapour)
law_ch = LPD (Suisse)
law_jp = APPI (Japon)
law_kr = PIPA (Corée)
law_nz = Privacy Act 2020 (Nouvelle-Zélande)
law_th = PDPA (Thaïlande)
law_tr = KVKK (Turquie)
