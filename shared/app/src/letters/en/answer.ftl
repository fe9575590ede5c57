### How a request ended.

## Done.

answer_copy = The copy of your data stands ready here:
answer_categories = The list of what we hold about you, without its content, stands ready here:
answer_information = What our privacy policy says about the use of data stands ready here:
answer_as_table = As a table (CSV):
answer_until = The links work until { $day }.
answer_nothing_to_erase = We hold no data to erase under this address.
answer_items = This became of your data, item by item:
answer_certificate = This certificate shows it, and anybody whom you give it to can check it. It is signed within a day:
answer_withdrawn = Your consent is withdrawn. What was done until now stays lawful; nothing more is done on it.
answer_stopped = From now on we do not use your data for this:
answer_stopped_nothing = We use data for nothing that a request of this kind ends. It is kept, and binds us should that change.
answer_stopped_until_decided = Our privacy office looks at your request and will write to you. Until then this stands.
answer_recorded = Your instructions are kept as you gave them. A later request changes or revokes them.
answer_with_office = Your request is with our privacy office, which will write to you.
answer_granted = We have done what you asked for.
answer_granted_restriction = From now on we store your data and do not use it. We tell you before that ends.
answer_granted_appeal = We have looked at our earlier decision again. Your appeal is granted: we change that decision.
answer_granted_complaint = We have looked into your complaint, and you are right.
answer_corrected = We have corrected your data, in these fields:
answer_recipients_told = Those to whom we gave the data are told, unless that is impossible.

## Refused, in part or wholly.

answer_in_part = A part of what you asked for we do not do. Item by item, with the reason:
answer_refused = We do not do what you asked for.
answer_refused_appeal = We have looked at our earlier decision again, and it stands: your appeal is denied.
answer_refused_complaint = We have looked into your complaint, and do not share it.
answer_reason = The reason: { $reason } ({ $article })
answer_policy_reason = The reason, in the words of our privacy policy ({ $clause }):
answer_offer = Instead you can ask for this: { $request }.
answer_not_verified = What you gave us so that we can check who you are did not match what we hold, so we cannot act on this request. You can make it again with other details.

## Items.

item_erased = { $what }: erased (evidence { $evidence })
item_kept = { $what }: kept. { $reason } ({ $article })
item_held = { $what }: kept for now under a legal hold ({ $article })
item_refused = { $what }: { $reason } ({ $article })
# A category of data and what it is kept for.
item_for_purpose = { $category }, for: { $purpose }

## What the controller's systems did.

systems = Our systems, one by one:
system_done =
    { $records ->
        [one] { $system }: done ({ $records } record)
       *[other] { $system }: done ({ $records } records)
    }
system_not_found = { $system }: holds nothing about you
system_kept =
    { $records ->
        [one] { $system }: { $records } record kept. { $reason } ({ $article })
       *[other] { $system }: { $records } records kept. { $reason } ({ $article })
    }
system_delivered = { $system }: what it holds is part of the copy
system_given_up = { $system }: no outcome came from it in time. Ask us at any time what became of it.

## Ended otherwise.

ended_withdrawn = You have taken your request back. Nothing more is done on it.
ended_stopped = We have stopped your request and do not carry it out further.
ended_stopped_why = The reason:
ended_merged = You have asked for the same before. We answer both together, under the number { $number }.
ended_lapsed = Your request has lapsed: nobody confirmed in time that it is theirs.
ended_lapsed_question = Your request has lapsed: our question of { $day } was not answered in time.
ended_lapsed_safe = For the safety of your data we do nothing without that.
ended_lapsed_unclear = Without an answer we could not tell what you want.
ended_again = You can make it again at any time.
done_already = This was done by then:
done_nothing = Nothing had been done by then.
done_stopped = the use of your data for this was stopped: { $purpose }
