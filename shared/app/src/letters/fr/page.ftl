### Les pages pour la personne qui a fait la demande.

page_title = { $controller } : votre demande relative à vos données

## Où en est une demande, pour la personne.

stage_awaiting-verification = En attente de votre confirmation
stage_awaiting-requester = En attente de votre réponse
stage_in-progress = Nous y travaillons
stage_answered = Répondue
stage_refused = Refusée
stage_withdrawn = Retirée par vous
stage_stopped = Arrêtée par nous
stage_merged = Traitée avec une demande antérieure
stage_lapsed = Caduque

## La page d’état.

heading_understood = Ce que nous avons compris
heading_law = Pour quand, et pourquoi
heading_next = Ce qui suit
heading_answer = Notre réponse
heading_history = Ce qui s’est passé
heading_you_can = Ce que vous pouvez faire
law_extended = Le délai a été prolongé le { $day } : { $reason }
law_steps = Comment ce jour est obtenu, étape par étape :
law_step = { $day } : { $law }
law_late = Ce jour est passé. Nous sommes en retard, et vous pouvez vous plaindre.
next_confirm = Confirmez que la demande est de vous : par le lien ou le code que nous vous avons envoyé.
next_reply = Nous vous avons posé une question par courriel. Dès votre réponse, nous continuons.
next_nothing = Plus rien : la demande est close.
answer_mailed = La réponse motivée vous a été envoyée par courriel, si nous avons votre adresse.
take_back = Retirer cette demande
take_back_text = Tant que la demande est ouverte, vous pouvez la retirer. Ce qui est déjà fait le reste.
see_status = Voir où en est votre demande
download_table = Télécharger la réponse sous forme de tableau (CSV)
download = Télécharger la réponse
see_certificate = Voir le certificat de l’effacement
reply_title = { $controller } : votre réponse
reply_label = Votre réponse
reply_button = Envoyer la réponse

## Déroulement, sans ce qui se passe à l’intérieur du service.

past_received = Reçue
past_confirmed = Confirmée comme étant de vous
past_asked_identity = Nous vous avons demandé de montrer qui vous êtes
past_asked_clarification = Nous vous avons demandé de préciser votre demande
past_replied = Vous avez répondu
past_extended = Nous avons prolongé le délai et vous avons dit pourquoi
past_laws = Les lois applicables ont été déterminées à nouveau
past_interim = Reprise par notre service de protection des données
past_answered = Répondue
past_withdrawn = Vous l’avez retirée
past_stopped = Nous l’avons arrêtée
past_merged = Jointe à une demande antérieure
past_lapsed = Elle est devenue caduque
past_mail_failed = Un courriel à votre adresse est revenu non distribué

## La confirmation.

confirm_title = { $controller } : confirmer votre demande
confirm_text = Confirmez que la demande faite avec votre adresse est de vous.
confirm_button = Cette demande est de moi
confirm_code_text = Saisissez le code que nous vous avons envoyé.
confirm_code_label = Code
confirm_code_button = Confirmer
confirm_not_yours = Si elle n’est pas de vous, fermez cette page : rien ne se passe alors.
confirmed_title = { $controller } : confirmée
confirmed_text = Merci. Votre demande est confirmée, et nous y travaillons.
code_wrong = Ce n’est pas le code, ou il n’est plus valable.

## Le certificat d’un effacement.

certificate_title = { $controller } : certificat d’effacement
certificate_text = Ceci a été effacé. Chaque ligne figure dans nos preuves, que personne ne peut modifier ensuite, pas même nous. Les preuves ne nomment personne : seul le fichier ci-dessous montre que ces lignes sont les vôtres.
certificate_item = { $what } : effacé le { $day } (preuve { $evidence })
certificate_signed = La preuve du tout est signée.
certificate_unsigned = Les preuves sont signées une fois par jour, et toutes ne le sont pas encore. Revenez demain pour le certificat signé.
certificate_missing = Pour une partie, il n’y a pas de preuve dont un certificat puisse être tiré. La réponse à votre demande la nomme.
certificate_check = Le fichier contient tout ce qu’il faut pour une vérification. Elle se fait sans nous, avec le programme « habeas » et notre clé publique : habeas verify --certificate FICHIER --trust CLÉ
certificate_download = Télécharger le certificat (JSON)
