"""Nobody takes more than a share, and a list waits for its rater only so long."""

from hypothesis import given
from hypothesis import strategies as st

from tta_bench.listening.database import Place
from tta_bench.listening.limits import REMEMBERED, Buckets, Leases, Rate, side


class Clock:
    """Time that passes when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_let_through_and_then_the_rate() -> None:
    clock = Clock()
    buckets = Buckets(Rate(2.0, 3), clock)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    clock.now += 0.5
    assert buckets.take("a") == 0
    assert buckets.take("a") == 0.5


def test_each_name_has_a_bucket_of_its_own_and_few_are_remembered() -> None:
    buckets = Buckets(Rate(1e-9, 1), Clock())
    assert [buckets.take("a"), buckets.take("b")] == [0, 0]
    assert buckets.take("a") > 0
    for i in range(REMEMBERED):
        buckets.take(str(i))
    assert len(buckets._levels) == REMEMBERED


@given(st.lists(st.floats(0, 10), max_size=60))
def test_no_pattern_of_asking_gets_more_than_burst_and_rate(pauses: list[float]) -> None:
    clock = Clock()
    buckets = Buckets(Rate(1.5, 4), clock)
    taken = 0
    for pause in pauses:
        clock.now += pause
        taken += buckets.take("a") == 0
    assert taken <= 4 + 1.5 * (clock.now - 100) + 1e-6


def test_the_list_with_the_fewest_raters_is_next() -> None:
    leases = Leases(60, Clock())
    places = [Place("a", 0, finished=True), Place("b", 1, finished=False), Place("c", 0, finished=True)]
    assert leases.least_filled(3, places) == 2
    assert leases.least_filled(2, places) == 1


def test_a_list_whose_rater_fell_silent_is_given_anew_but_not_one_that_was_finished() -> None:
    clock = Clock()
    leases = Leases(60, clock)
    places = [Place("silent", 0, finished=False), Place("done", 1, finished=True), Place("busy", 2, finished=False)]
    leases.renew("silent")
    clock.now += 59
    leases.renew("busy")
    assert leases.least_filled(4, places) == 3
    clock.now += 2
    assert leases.least_filled(4, places) == 0


def test_after_a_start_of_the_server_sessions_from_before_have_a_whole_lease() -> None:
    clock = Clock()
    leases = Leases(60, clock)
    places = [Place("before", 0, finished=False)]
    clock.now += 59
    assert leases.least_filled(2, places) == 1
    clock.now += 1
    assert leases.least_filled(2, places) == 0


def test_addresses_that_one_host_can_have_are_one_side() -> None:
    assert side("2001:db8:1:2:aaaa::1") == side("2001:db8:1:2:bbbb::9") != side("2001:db8:1:3::1")
    assert side("::ffff:192.0.2.1") == side("192.0.2.1") != side("192.0.2.2")
    assert side("") == ""
