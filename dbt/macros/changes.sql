{#- The cursor from which an incremental model reads news.changes; stops where changes were dropped that it has not read. -#}
{% macro last_cursor(relation) %}
  {%- if execute -%}
    {%- set state = run_query(
      "SELECT coalesce((SELECT max(cursor) FROM " ~ relation ~ "), 0), s.dropped_to, s.ready_to, s.generation_at,"
      ~ " (SELECT max(copied_at) FROM " ~ relation ~ ") FROM " ~ source('news', 'changes_state') ~ " s"
    ).rows[0] -%}
    {%- if state[0] < state[1] or state[0] > state[2] or (state[4] is not none and state[3] > state[4]) -%}
      {{ exceptions.raise_compiler_error(
        "changes were dropped, or the database was restored, since " ~ relation ~ " was last built: run with --full-refresh") }}
    {%- endif -%}
    {{ return(state[0]) }}
  {%- endif -%}
  {{ return(0) }}
{% endmacro %}
