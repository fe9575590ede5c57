### What was asked, and what happens until it is answered.

## What can be asked.

request_access = a copy of your personal data, and what we do with it
request_rectification = the correction of your personal data
request_erasure = the erasure of your personal data
request_restriction = that your personal data is stored and not used
request_objection = an objection to the use of your personal data
request_portability = your personal data, to take with you
request_withdraw-consent = the withdrawal of your consent
request_complaint = a complaint to us
request_know-categories = what kinds of personal data we hold about you
request_know-pieces = the very pieces of personal data we hold about you
request_information = what we do with personal data
request_objection-marketing = no more marketing
request_objection-automated = no decision about you by a machine alone
request_do-not-sell-or-share = that your personal data is neither sold nor shared
request_limit-sensitive = that your sensitive data is used only for what is necessary
request_post-mortem = instructions for your personal data after your death
request_appeal = an appeal against our earlier decision

## What was understood.

received = { $controller } received your request on { $day }.
asked_for = What you asked for: { $request }.
about_service = It is about this service: { $service }.
about_request = It is about the earlier request number { $number }.
about_purposes = It is about these uses of your data:
acting_agent = It was made for you by an agent, who says that you authorised it.
acting_guardian = It was made by a parent or guardian.
acting_successor = It was made by an heir.
entered_by_office = Our office wrote it down as it reached us.
follows_instructions = It carries out the instructions that were left for after death.
under_laws =
    { $count ->
        [one] This law applies: { $laws }.
       *[other] These laws apply: { $laws }.
    }
due = We answer by { $day } at the latest ({ $law }).

## How the requester is verified.

verify_none = You need not prove who you are for this.
verify_mail = How we check that it is yours: with the address that it was made with. Please open this page and confirm:
verify_code = Or type this code where you are asked for it, within 30 minutes: { $code }
verify_until = You can do so until { $day }. Without your confirmation nothing happens, and the request lapses.
verify_not_yours = If you did not ask for this, do nothing.
verify_points =
    { $points ->
        [one] How we check that it is yours: we compare the details that you gave with those we hold. { $points } of them must match.
       *[other] How we check that it is yours: we compare the details that you gave with those we hold. { $points } different ones must match.
    } We use them for nothing else.
verify_account = How we check that it is yours: by your account with us. Please sign in to it and confirm the request there.
verify_office = Our office checks who makes this request, and will write to you.
next_carried_out = What happens next: we carry it out, and write to you.
next_review = What happens next: a person of our privacy office looks at it, and we write to you.
status_page = Where your request stands you can see here at any time:

## A question to the requester.

identity_why = We cannot be certain yet that this request comes from the person whose data it is about. Before we hand out or change anything we therefore ask you to show who you are.
identity_what = This is what we ask you for, and why:
identity_use = We use what you send for this check alone, and delete it when the request is closed. Please send no more than we ask for.
clarification_why = So that our answer is what you want, we ask you to say more precisely what you mean.
clarification_what = This is our question:
clarification_free = If you would rather not, tell us so: then we answer the request as it stands.
reply_here = Please reply here:
reply_by_mail = Please write to { $contact } and name the number of your request.
reply_until = Please reply by { $day }. Without a reply the request lapses; you can make it again at any time.
effect_stands = { $law }: the time for our answer stands still until you reply.
effect_begins_anew = { $law }: the time for our answer begins anew on the day on which we have what we ask for.
effect_runs_on = { $law }: the time for our answer runs on. You have it by { $day } at the latest.

## An extension.

extended = We need longer for our answer. You have it by { $day } at the latest, instead of { $before }.
extended_why = The reason: { $reason }
extension_complexity = Your request is complex.
extension_number-of-requests = You have made many requests, and all of them take time.
