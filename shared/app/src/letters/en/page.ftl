### The requester's pages.

page_title = { $controller }: your privacy request

## Where a request stands, for the person.

stage_awaiting-verification = Waiting for your confirmation
stage_awaiting-requester = Waiting for your reply
stage_in-progress = We are working on it
stage_answered = Answered
stage_refused = Refused
stage_withdrawn = Taken back by you
stage_stopped = Stopped by us
stage_merged = Answered with an earlier request
stage_lapsed = Lapsed

## The status page.

heading_understood = What we understood
heading_law = By when, and why
heading_next = What happens next
heading_answer = Our answer
heading_history = What has happened
heading_you_can = What you can do
law_extended = The time was extended on { $day }: { $reason }
law_steps = How this day comes about, step by step:
law_step = { $day }: { $law }
law_late = That day has passed. We are late, and you can complain.
next_confirm = Confirm that the request is yours: by the link or the code that we mailed to you.
next_reply = We have asked you something by mail. Once you reply we go on.
next_nothing = Nothing more: the request is closed.
answer_mailed = The answer with its reasons was mailed to you, where we have your address.
take_back = Take this request back
take_back_text = You can take the request back for as long as it is open. What was done by then stays done.
see_status = See where your request stands
download_table = Download the answer as a table (CSV)
download = Download the answer
see_certificate = See the certificate of the erasure
reply_title = { $controller }: your reply
reply_label = Your reply
reply_button = Send the reply

## History, without what happens inside the office.

past_received = Received
past_confirmed = Confirmed that it is yours
past_asked_identity = We asked you to show who you are
past_asked_clarification = We asked you what exactly you mean
past_replied = You replied
past_extended = We extended the time, and told you why
past_laws = The laws that apply were set anew
past_interim = Taken up by our privacy office
past_answered = Answered
past_withdrawn = You took it back
past_stopped = We stopped it
past_merged = Joined to an earlier request
past_lapsed = It lapsed
past_mail_failed = A mail to you came back undelivered

## The confirmation.

confirm_title = { $controller }: confirm your request
confirm_text = Confirm that the privacy request made with your address is yours.
confirm_button = This request is mine
confirm_code_text = Type the code that we mailed to you.
confirm_code_label = Code
confirm_code_button = Confirm
confirm_not_yours = If it is not yours, close this page: nothing happens then.
confirmed_title = { $controller }: confirmed
confirmed_text = Thank you. Your request is confirmed, and we are working on it.
code_wrong = That is not the code, or it works no more.

## The certificate of an erasure.

certificate_title = { $controller }: certificate of erasure
certificate_text = This was erased. Each line stands in our evidence, which nobody can change afterwards, ourselves included. The evidence names nobody: only the file below shows that these lines are yours.
certificate_item = { $what }: erased on { $day } (evidence { $evidence })
certificate_signed = The evidence of all of it is signed.
certificate_unsigned = The evidence is signed once a day, and not all of it is yet. Come back tomorrow for the signed certificate.
certificate_missing = For some of it there is no evidence that a certificate can be drawn from. The answer to your request names it.
certificate_check = The file holds all that a check needs. It is made without us, with the program "habeas" and our public key: habeas verify --certificate FILE --trust KEY
certificate_download = Download the certificate (JSON)
