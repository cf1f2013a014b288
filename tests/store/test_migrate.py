from etl.store.migrate import head, migrate


def test_a_fresh_database_comes_to_the_head_and_the_second_time_changes_nothing(empty_dsn):
    first = migrate(empty_dsn)
    assert (first.before, first.after, first.has_changed) == (None, head(), True)
    assert not migrate(empty_dsn).has_changed
