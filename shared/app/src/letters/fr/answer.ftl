### Comment une demande s’est terminée.

## Fait.

answer_copy = La copie de vos données est prête ici :
answer_categories = La liste de ce que nous détenons sur vous, sans le contenu, est prête ici :
answer_information = Ce que notre politique de confidentialité dit de l’utilisation des données est prêt ici :
answer_as_table = Sous forme de tableau (CSV) :
answer_until = Les liens fonctionnent jusqu’au { $day }.
answer_nothing_to_erase = Nous ne détenons sous cette adresse aucune donnée à effacer.
answer_items = Voici ce que sont devenues vos données, point par point :
answer_certificate = Ce certificat le montre, et toute personne à qui vous le donnez peut le vérifier. Il est signé dans la journée :
answer_withdrawn = Votre consentement est retiré. Ce qui a été fait jusqu’ici reste licite ; plus rien n’est fait sur ce fondement.
answer_stopped = Désormais, nous n’utilisons plus vos données pour ceci :
answer_stopped_nothing = Nous n’utilisons les données pour rien de ce à quoi une telle demande met fin. Elle est conservée et nous lie si cela change.
answer_stopped_until_decided = Notre service de protection des données examine votre demande et vous écrira. Jusque-là, cela reste en vigueur.
answer_recorded = Vos directives sont conservées telles que vous les avez données. Une demande ultérieure les modifie ou les révoque.
answer_with_office = Votre demande est auprès de notre service de protection des données, qui vous écrira.
answer_granted = Nous avons fait ce que vous avez demandé.
answer_granted_restriction = Désormais, nous conservons vos données sans les utiliser. Nous vous prévenons avant que cela prenne fin.
answer_granted_appeal = Nous avons réexaminé notre décision antérieure. Votre recours est accueilli : nous modifions cette décision.
answer_granted_complaint = Nous avons examiné votre réclamation, et vous avez raison.
answer_corrected = Nous avons rectifié vos données, dans ces champs :
answer_recipients_told = Ceux à qui nous avons transmis les données en sont informés, sauf impossibilité.

## Refusé, en partie ou en totalité.

answer_in_part = Nous ne faisons pas une partie de ce que vous avez demandé. Point par point, avec le motif :
answer_refused = Nous ne faisons pas ce que vous avez demandé.
answer_refused_appeal = Nous avons réexaminé notre décision antérieure, et elle est maintenue : votre recours est rejeté.
answer_refused_complaint = Nous avons examiné votre réclamation et ne la jugeons pas fondée.
answer_reason = Le motif : { $reason } ({ $article })
answer_policy_reason = Le motif, dans les termes de notre politique de confidentialité ({ $clause }) :
answer_offer = À la place, vous pouvez demander ceci : { $request }.
answer_not_verified = Ce que vous nous avez indiqué pour que nous puissions vérifier qui vous êtes ne correspond pas à ce que nous détenons ; nous ne pouvons donc pas donner suite à cette demande. Vous pouvez la refaire avec d’autres indications.

## Points.

item_erased = { $what } : effacé (preuve { $evidence })
item_kept = { $what } : conservé. { $reason } ({ $article })
item_held = { $what } : conservé pour l’instant, car une conservation légale l’impose ({ $article })
item_refused = { $what } : { $reason } ({ $article })
item_for_purpose = { $category }, pour : { $purpose }

## Ce qu’ont fait les systèmes du responsable.

systems = Nos systèmes, un par un :
system_done =
    { $records ->
        [one] { $system } : fait ({ $records } enregistrement)
       *[other] { $system } : fait ({ $records } enregistrements)
    }
system_not_found = { $system } : ne détient rien sur vous
system_kept =
    { $records ->
        [one] { $system } : { $records } enregistrement conservé. { $reason } ({ $article })
       *[other] { $system } : { $records } enregistrements conservés. { $reason } ({ $article })
    }
system_delivered = { $system } : ce qu’il détient fait partie de la copie
system_given_up = { $system } : aucun résultat n’en est venu à temps. Demandez-nous à tout moment ce qu’il en est.

## Terminé autrement.

ended_withdrawn = Vous avez retiré votre demande. Plus rien n’est fait à ce titre.
ended_stopped = Nous avons arrêté votre demande et ne l’exécutons pas davantage.
ended_stopped_why = Le motif :
ended_merged = Vous avez déjà demandé la même chose. Nous répondons aux deux ensemble, sous le numéro { $number }.
ended_lapsed = Votre demande est caduque : personne n’a confirmé à temps en être l’auteur.
ended_lapsed_question = Votre demande est caduque : notre question du { $day } est restée sans réponse dans le délai.
ended_lapsed_safe = Pour la sécurité de vos données, nous ne faisons rien sans cela.
ended_lapsed_unclear = Sans réponse, nous n’avons pas pu savoir ce que vous voulez.
ended_again = Vous pouvez la refaire à tout moment.
done_already = Voici ce qui était déjà fait :
done_nothing = Rien n’avait encore été fait.
done_stopped = l’utilisation de vos données pour ceci avait cessé : { $purpose }
