### What people read of a breach: the letter, the public alert and its page.

breach_subject = { $controller }: about the security of your data
# The title and the headings are those of Cal. Civ. Code 1798.82(d)(1).
breach_title = Notice of Data Breach
breach_reached = Somebody may have reached data that { $controller } keeps about you.
breach_tried = Somebody tried to reach data that { $controller } keeps about you. As far as we know, they did not.
breach_dated = This letter of { $controller } is of { $day }.
breach_delayed = We write only now because the police asked us to wait, so as not to harm their investigation.
breach_in_english = What happened, and what to do about it, is told in English below, since it has not been translated yet.
breach_in_german = What happened, and what to do about it, is told in German below, since it has not been translated yet.
breach_in_french = What happened, and what to do about it, is told in French below, since it has not been translated yet.
breach_heading_happened = What Happened
breach_heading_information = What Information Was Involved
breach_heading_consequences = What May Follow From It
breach_heading_measures = What We Are Doing
breach_heading_advice = What You Can Do
breach_heading_contact = For More Information
breach_on = It happened on { $day }.
breach_between = It happened between { $from } and { $to }.
breach_kinds = These kinds of data:
breach_kinds_unknown = Which kinds of data it reached is not known yet.
breach_consequences_unknown = What may follow from it is not known yet.
breach_measures_unknown = We are finding out how it came about, so that we can end it and keep it from happening again.
breach_advice_none = There is nothing that you need to do now. Be careful with messages that ask you for data.

## The public alert and its page.

breach_alert_title = { $controller }: about the security of data
breach_alert_reached = Somebody may have reached data that { $controller } keeps about people.
breach_alert_tried = Somebody tried to reach data that { $controller } keeps about people. As far as we know, they did not.
alerts_title = { $controller }: what happened to data
alerts_none = There is nothing to tell at the moment.
alerts_published = Public since { $day }.
alerts_updated = Last changed on { $day }.
alerts_region = Notice about the security of data
alerts_details = Read more
alerts_dismiss = Close
