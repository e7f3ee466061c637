"""Words that mean much the same to the caller of any company. A group is one feature of the classifier."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

GROUPS: Final[Mapping[str, str]] = {
    "arrive": (
        "arrive arrives arrived arriving deliver delivered delivery come came coming here show_up turn_up "
        "turns_up get_here shows_up gets_here turned_up got_here reach receive received truck way waiting"
    ),
    "send": "send sent ship ships shipped shipping dispatch dispatched mail mailed post posted send_out sent_out",
    "thing": (
        "order orders ordered ordering package parcel purchase purchased bought item items thing things stuff "
        "product delivery shipment goods placed"
    ),
    "back": (
        "back return returned returning returns send_back sent_back give_back bring_back take_back refund "
        "refunded money_back exchange it_back this_back them_back something_back that_back things_back "
        "stuff_back thing_back"
    ),
    "broken": (
        "broken broke break damaged damage defective faulty crack cracked scratched scratch dented torn "
        "stopped_working not_working doesn't_work does_not_work fell_apart ripped leaks dead smashed"
    ),
    "unfit": (
        "wrong_item wrong_one wrong_color wrong_size too_small too_big doesn't_fit not_fit don't_like "
        "not_happy fit mistake_item wrong"
    ),
    "stop": (
        "cancel cancelled canceled cancelling cancellation stop call_off scrap drop undo withdraw get_rid rid "
        "take_off delete remove don't_send don't_need don't_want no_longer not_need never_mind take_out annul "
        "need_any want_any"
    ),
    "move": (
        "move moved moving relocate relocated new_apartment new_house new_flat new_home new_place house_move "
        "somewhere_else moved_house new_city new_address old_address another_city"
    ),
    "address": "address street apartment house city zip live living home flat",
    "change": "change changed changing update updated correct different new another put",
    "later": (
        "reschedule rescheduled postpone push later earlier another_time another_day different_day "
        "different_time other_day some_other move_my shift rearrange can't_make push_back doesn't_work_for "
        "another_date later_date instead bring_forward"
    ),
    "visit": "appointment appointments booking bookings visit slot meeting consultation session booked technician",
    "book": (
        "book schedule arrange make_an set_up sign_up fit_me put_me get_an reserve come_in come_by "
        "see_someone see_somebody look_at free any_time"
    ),
    "fix": (
        "repair repaired repairs fix fixed mend mended install installed installation technician consultation "
        "advice look_at put_up mounted set_up assembled"
    ),
    "bill": "bill bills billed billing invoice invoices statement charge charges charged account",
    "owe": "owe owed owing balance outstanding due open left_to still_to behind amount total",
    "pay": "pay paid paying payment payments settle clear card",
    "payact": (
        "make_a_payment pay_my pay_it pay_the pay_now settle take_care charge_my charge_me my_card pay_part "
        "paid_off pay_off get_this put_towards pay_by let_me_pay want_to_pay like_to_pay out_of pay_with"
    ),
    "wrong": (
        "wrong mistake error incorrect dispute disputed disagree contest complain not_right can't_be_right "
        "twice too_much overcharged never_ordered not_agree don't_agree not_accept don't_recognize refuse "
        "be_right isn't_right"
    ),
    "latefee": (
        "late_fee late_charge penalty fee extra_charge late_payment being_late paid_late surcharge on_time "
        "late_fees days_late pay_late payers"
    ),
    "waive": "waive take_off remove drop forgive lift gone take_it_off refund cancel_the_late let_me_off",
    "online": (
        "link online internet website web text another_card different_card new_card other_card text_me e-mail_me"
    ),
    "when": "when what_time what_date what_day which_day how_soon by_what until_when how_late by_when date",
    "soon": "how_soon until_when by_when how_late no_later",
    "long": "how_long how_many_days how_many_weeks time_limit deadline within minutes how_much_time take_long",
    "rule": "policy rules allowed possible terms conditions reason in_general usually normally generally rule",
    "cost": "cost costs price expensive free charge_for how_much fee pay_for",
    "where": (
        "where located location find directions get_there get_to place street address parking train station "
        "store shop situated"
    ),
    "hours": "open opening close closes closed closing hours sunday weekend business_hours tonight",
    "shop": "shop store place building showroom",
    "work": (
        "job jobs hiring hire vacancy vacancies application apply applied position positions career "
        "employment work_for work_at work_with resume human_resources"
    ),
    "trade": (
        "company business businesses firm quote offer bulk large_order wholesale dealer sales "
        "office_furniture corporate furnish many"
    ),
    "callback": (
        "call_me ring_me call_back callback call_us phone_me get_back_to message my_number call_you "
        "someone_call somebody_call return_my_call"
    ),
    "bring": "bring take_along have_with_me carry with_me prepare",
    "person": (
        "person human somebody someone agent representative operator manager supervisor colleague people "
        "staff being real live"
    ),
    "talk": "talk talking speak speaking word connect transfer put_through through",
    "bot": "machine robot bot computer automated recording",
    "done": (
        "that's_all that_was all_set all_i nothing_else everything bye goodbye that'll_be no_more we're_done "
        "that_would_be no_thanks nice_day good_one"
    ),
    "again": (
        "again repeat one_more_time once_more what_was did_you_say you_say didn't_catch missed pardon "
        "come_again couldn't_hear didn't_hear slower sorry_what"
    ),
    "hold": (
        "hold_on just_a_moment one_moment a_second one_second a_sec one_sec a_minute one_minute hang_on wait "
        "bear_with let_me_find let_me_look let_me_get let_me_check find_it find_the"
    ),
    "forget": "never_mind forget leave_it don't_bother let's_not not_do_that leave_everything don't_do scrap_that",
    "status": (
        "status track tracking check look_up where's what's_happening happening whereabouts progress "
        "looking_for find_out any_idea wondering know haven't_got not_come hasn't nothing_has supposed yet "
        "already still"
    ),
}


def _by_phrase() -> dict[tuple[str, ...], tuple[str, ...]]:
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for group, phrases in GROUPS.items():
        for phrase in phrases.split():
            key = tuple(phrase.split("_"))
            found[key] = (*found.get(key, ()), group)
    return found


_PHRASES: Final = _by_phrase()
_LONGEST: Final = max(map(len, _PHRASES))


def groups(spoken: Sequence[str]) -> Iterator[str]:
    """The groups of every word and turn of phrase in here."""
    for at in range(len(spoken)):
        for size in range(1, _LONGEST + 1):
            yield from _PHRASES.get(tuple(spoken[at : at + size]), ()) if at + size <= len(spoken) else ()
