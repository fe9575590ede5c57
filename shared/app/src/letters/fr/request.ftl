### Ce qui est demandé, et ce qui se passe jusqu’à la réponse.

## Ce qui peut être demandé.

request_access = une copie de vos données personnelles, et ce que nous en faisons
request_rectification = la rectification de vos données personnelles
request_erasure = l’effacement de vos données personnelles
request_restriction = que vos données personnelles soient conservées sans être utilisées
request_objection = une opposition à l’utilisation de vos données personnelles
request_portability = vos données personnelles, pour les emporter
request_withdraw-consent = le retrait de votre consentement
request_complaint = une réclamation auprès de nous
request_know-categories = quelles sortes de données personnelles nous détenons sur vous
request_know-pieces = les données personnelles elles-mêmes que nous détenons sur vous
request_information = ce que nous faisons des données personnelles
request_objection-marketing = plus de prospection
request_objection-automated = aucune décision à votre sujet par une machine seule
request_do-not-sell-or-share = que vos données personnelles ne soient ni vendues ni partagées
request_limit-sensitive = que vos données sensibles ne servent qu’au nécessaire
request_post-mortem = des directives pour vos données personnelles après votre décès
request_appeal = un recours contre notre décision antérieure

## Ce qui a été compris.

received = { $controller } a reçu votre demande le { $day }.
asked_for = Votre demande : { $request }.
about_service = Elle concerne ce service : { $service }.
about_request = Elle concerne la demande antérieure numéro { $number }.
about_purposes = Elle concerne ces utilisations de vos données :
acting_agent = Elle a été faite pour vous par un mandataire, qui dit avoir votre autorisation.
acting_guardian = Elle a été faite par un parent ou un tuteur.
acting_successor = Elle a été faite par un héritier ou une héritière.
entered_by_office = Notre service l’a notée telle qu’elle nous est parvenue.
follows_instructions = Elle exécute les directives laissées pour l’après-décès.
under_laws =
    { $count ->
        [one] Cette loi s’applique : { $laws }.
       *[other] Ces lois s’appliquent : { $laws }.
    }
due = Nous répondons au plus tard le { $day } ({ $law }).

## Comment l’identité est vérifiée.

verify_none = Pour cela, vous n’avez pas à prouver qui vous êtes.
verify_mail = Comment nous vérifions que la demande est de vous : par l’adresse avec laquelle elle a été faite. Veuillez ouvrir cette page et confirmer :
verify_code = Ou saisissez ce code dans les 30 minutes là où il vous est demandé : { $code }
verify_until = Vous pouvez le faire jusqu’au { $day }. Sans votre confirmation, rien ne se passe et la demande devient caduque.
verify_not_yours = Si cette demande n’est pas de vous, ne faites rien.
verify_points =
    { $points ->
        [one] Comment nous vérifions que la demande est de vous : nous comparons vos indications avec celles que nous détenons. { $points } doit concorder.
       *[other] Comment nous vérifions que la demande est de vous : nous comparons vos indications avec celles que nous détenons. { $points } indications différentes doivent concorder.
    } Elles ne servent à rien d’autre.
verify_account = Comment nous vérifions que la demande est de vous : par votre compte chez nous. Veuillez vous y connecter et confirmer la demande.
verify_office = Notre service vérifie qui fait cette demande et vous écrira.
next_carried_out = Ce qui suit : nous exécutons la demande et vous écrivons.
next_review = Ce qui suit : une personne de notre service de protection des données l’examine, et nous vous écrivons.
status_page = Où en est votre demande, vous le voyez ici à tout moment :

## Une question.

identity_why = Nous ne pouvons pas encore être certains que cette demande vient de la personne dont les données sont en cause. Avant de communiquer ou de modifier quoi que ce soit, nous vous prions donc de montrer qui vous êtes.
identity_what = Voici ce que nous vous demandons, et pourquoi :
identity_use = Ce que vous envoyez ne sert qu’à cette vérification et est supprimé quand la demande est close. Veuillez ne pas envoyer plus que ce que nous demandons.
clarification_why = Pour que notre réponse soit celle que vous voulez, nous vous prions de préciser ce que vous entendez.
clarification_what = Voici notre question :
clarification_free = Si vous préférez ne pas préciser, dites-le-nous : nous répondons alors à la demande telle qu’elle est.
reply_here = Veuillez répondre ici :
reply_by_mail = Veuillez écrire à { $contact } en indiquant le numéro de votre demande.
reply_until = Veuillez répondre au plus tard le { $day }. Sans réponse, la demande devient caduque ; vous pouvez la refaire à tout moment.
effect_stands = { $law } : le délai de notre réponse est suspendu jusqu’à la vôtre.
effect_begins_anew = { $law } : le délai de notre réponse recommence le jour où nous avons ce que nous demandons.
effect_runs_on = { $law } : le délai de notre réponse continue de courir. Vous l’aurez au plus tard le { $day }.

## Une prolongation.

extended = Il nous faut plus de temps pour notre réponse. Vous l’aurez au plus tard le { $day } au lieu du { $before }.
extended_why = Le motif : { $reason }
extension_complexity = Votre demande est complexe.
extension_number-of-requests = Vous avez fait de nombreuses demandes, et toutes prennent du temps.
