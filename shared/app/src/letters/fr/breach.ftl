### Ce que les personnes lisent d’une violation de données : la lettre, l’avis public et sa page.

breach_subject = { $controller } : à propos de la sécurité de vos données
breach_title = Avis de violation de données
breach_reached = Il se peut que quelqu’un ait eu accès à des données que { $controller } conserve sur vous.
breach_tried = Quelqu’un a tenté d’accéder à des données que { $controller } conserve sur vous. À notre connaissance, sans succès.
breach_dated = Cette lettre de { $controller } est du { $day }.
breach_delayed = Nous n’écrivons que maintenant parce que la police nous a demandé d’attendre, pour ne pas nuire à son enquête.
breach_in_english = Ce qui s’est passé et ce qu’il faut faire est dit en anglais ci-dessous, faute de traduction pour l’instant.
breach_in_german = Ce qui s’est passé et ce qu’il faut faire est dit en allemand ci-dessous, faute de traduction pour l’instant.
breach_in_french = Ce qui s’est passé et ce qu’il faut faire est dit en français ci-dessous, faute de traduction pour l’instant.
breach_heading_happened = Ce qui s’est passé
breach_heading_information = Les données concernées
breach_heading_consequences = Ce qui peut en résulter
breach_heading_measures = Ce que nous faisons
breach_heading_advice = Ce que vous pouvez faire
breach_heading_contact = Pour en savoir plus
breach_on = Cela s’est passé le { $day }.
breach_between = Cela s’est passé entre le { $from } et le { $to }.
breach_kinds = Ces types de données :
breach_kinds_unknown = On ne sait pas encore quels types de données sont concernés.
breach_consequences_unknown = On ne sait pas encore ce qui peut en résulter.
breach_measures_unknown = Nous cherchons comment cela s’est produit, pour y mettre fin et empêcher que cela se reproduise.
breach_advice_none = Vous n’avez rien à faire pour l’instant. Méfiez-vous des messages qui vous demandent des données.

## L’avis public et sa page.

breach_alert_title = { $controller } : à propos de la sécurité de données
breach_alert_reached = Il se peut que quelqu’un ait eu accès à des données que { $controller } conserve sur des personnes.
breach_alert_tried = Quelqu’un a tenté d’accéder à des données que { $controller } conserve sur des personnes. À notre connaissance, sans succès.
alerts_title = { $controller } : ce qui est arrivé à des données
alerts_none = Il n’y a rien à signaler pour l’instant.
alerts_published = Public depuis le { $day }.
alerts_updated = Modifié pour la dernière fois le { $day }.
alerts_region = Avis sur la sécurité de données
alerts_details = En savoir plus
alerts_dismiss = Fermer
