import { isTrue, Undefined } from "../values/values.ts";
import { type Filter, filter } from "./filter.ts";
import { tojson } from "./json-text.ts";
import { LIST_FILTERS } from "./list-filters.ts";
import { NUMBER_FILTERS } from "./number-filters.ts";
import { TEXT_FILTERS } from "./text-filters.ts";

const standard = filter("default", ["default_value", "boolean"], (value, [other = "", ifFalse = false]) => {
  return value instanceof Undefined || (isTrue(ifFalse) && !isTrue(value)) ? other : value;
});

/** The filters of jinja2 that are computed as it does, by name. */
export const FILTERS: ReadonlyMap<string, Filter> = new Map(
  Object.entries({
    ...TEXT_FILTERS,
    ...NUMBER_FILTERS,
    ...LIST_FILTERS,
    tojson,
    default: standard,
    d: standard,
  }),
);

/** Filters that take a text marked as safe for what it is; what others make of it would be marked as well. */
export const TAKES_MARKUP: ReadonlySet<string> = new Set(
  "string safe escape e forceescape length count tojson default d join replace list first wordcount".split(" "),
);
