from s3browser.jobs.meter import Meter


def test_speed_needs_two_samples() -> None:
    meter = Meter()
    assert (meter.bytes_per_s, meter.seconds_left(10)) == (0.0, None)
    meter.sample(1.0, 0)
    assert meter.bytes_per_s == 0.0
    meter.sample(1.0, 50)
    assert meter.bytes_per_s == 0.0, "no time has passed"
    meter.sample(3.0, 100)
    assert (meter.bytes_per_s, meter.seconds_left(200)) == (50.0, 4.0)


def test_what_the_buffers_take_at_once_is_no_speed() -> None:
    meter = Meter()
    meter.sample(0.0, 0)
    meter.sample(0.1, 4_000_000)
    assert (meter.bytes_per_s, meter.seconds_left(10)) == (0.0, None)
    meter.sample(2.0, 4_000_000)
    assert meter.bytes_per_s == 2_000_000.0


def test_a_slow_start_is_soon_forgotten() -> None:
    meter = Meter(window_s=8.0)
    meter.sample(0.0, 0)
    for second in range(10, 30):
        meter.sample(float(second), (second - 10) * 1000)
    assert meter.bytes_per_s == 1000.0


def test_a_position_that_went_back_starts_anew() -> None:
    meter = Meter()
    meter.sample(0.0, 1000)
    meter.sample(1.0, 5000)
    meter.sample(2.0, 0)
    assert meter.bytes_per_s == 0.0
    meter.sample(4.0, 20)
    assert meter.bytes_per_s == 10.0
