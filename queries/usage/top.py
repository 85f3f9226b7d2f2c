"""The rows of `TopUsage`, from those of `Usage` or from parts that were read apart."""

import polars as pl

from queries.usage import TopUsage, Usage


def fold(frame: pl.DataFrame, question: TopUsage) -> pl.DataFrame:
    """The frame that `TopUsage` describes, from all of `Usage`."""
    usage = question.usage
    groups = by_group(frame, usage)
    chosen = only(frame, groups.head(question.most), usage)
    return put_together(groups, chosen, frame, question)


def by_group(frame: pl.DataFrame, question: Usage) -> pl.DataFrame:
    """Totals of each group: the key columns, `credits`, `events`; largest first, then by key."""
    keys = question.columns
    if not keys:
        return frame.select(pl.col("credits").sum(), pl.col("events").sum())
    return (
        frame.group_by(keys)
        .agg(pl.col("credits").sum(), pl.col("events").sum())
        .sort(["credits", *keys], descending=[True, *([False] * len(keys))])
    )


def only(frame: pl.DataFrame, groups: pl.DataFrame, question: Usage) -> pl.DataFrame:
    """The rows of these groups."""
    return frame.join(groups, on=question.columns, how="semi") if question.columns else frame


def put_together(
    groups: pl.DataFrame, chosen: pl.DataFrame, whole: pl.DataFrame, question: TopUsage
) -> pl.DataFrame:
    """The frame that `TopUsage` describes.

    `groups` are those of `by_group`, `chosen` the rows of the largest of them; `whole` adds up to
    all there is in each bucket, by whatever groups.
    """
    usage = question.usage
    taken = chosen.with_columns(-pl.col("credits"), -pl.col("events"))
    others = (
        pl.concat([whole, taken], how="diagonal")
        .group_by("bucket")
        .agg(pl.col("credits").sum(), pl.col("events").sum())
        .filter(pl.col("events") > 0)
    )
    order = ["bucket", *usage.columns]
    over_time = pl.concat([chosen, others], how="diagonal").sort(order, nulls_last=True)
    listed = groups.filter(pl.col("events") > 0)
    found = pl.concat([listed, over_time], how="diagonal")
    return found.select(usage.schema.names()).cast(usage.schema)
