import type { SchemaElement } from "hyparquet";

/** An element of a Parquet schema with those that it is made of. */
interface SchemaNode {
  readonly element: SchemaElement;
  readonly children: readonly SchemaNode[];
}

/**
 * Decoders of leaves, as {@link rowJson} expects them: dates and times as the integers that the file holds.
 * @see apache/parquet-format, LogicalTypes.md.
 */
export const RAW_PARSERS = {
  timestampFromMilliseconds: (millis: bigint): unknown => millis,
  timestampFromMicroseconds: (micros: bigint): unknown => micros,
  timestampFromNanoseconds: (nanos: bigint): unknown => nanos,
  dateFromDays: (days: number): unknown => days,
};

/** Elements whose decimals the decoder leaves as integers: it would round them to float64. */
export function rawDecimals(schema: readonly SchemaElement[]): SchemaElement[] {
  return schema.map((element) => {
    const isDecimal = element.converted_type === "DECIMAL" && element.type !== "BYTE_ARRAY";
    if (!isDecimal) return element;
    const { converted_type, logical_type, ...rest } = element;
    return { ...rest, scale: element.scale ?? 0 };
  });
}

/**
 * A row as JSON text, as Python's `json.dumps` writes what pyarrow reads: integers and decimals with all digits, floats as `1.0`, dates
 * and times as `str` prints them. Arrow fills keys that a struct lacks with null, so a null inside a column is an absent key.
 */
export const rowJson = (row: Readonly<Record<string, unknown>>, columns: ReadonlyMap<string, SchemaNode>): string =>
  object(Object.entries(row).map(([name, value]) => [name, json(value, columns.get(name))]));

/** The columns of a file by name. */
export const columnsOf = (root: SchemaNode): ReadonlyMap<string, SchemaNode> =>
  new Map(root.children.map((column) => [column.element.name, column]));

const object = (entries: readonly (readonly [string, string])[]): string =>
  `{${entries.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;

function json(value: unknown, node?: SchemaNode): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return `[${value.map((item) => json(item, itemOf(node))).join(",")}]`;
  if (typeof value !== "object" || value instanceof Uint8Array || value instanceof Date)
    return leaf(value, node?.element);
  if (ArrayBuffer.isView(value)) return json(Array.from(value as unknown as ArrayLike<unknown>), node);
  const filled = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
  return object(filled.map(([name, inner]) => [name, json(inner, memberOf(node, name))]));
}

/** The element of a list's items: below a repeated group, which is the item itself where it has several children. */
function itemOf(node?: SchemaNode): SchemaNode | undefined {
  const [group] = node?.children ?? [];
  if (node?.element.converted_type !== "LIST" || !group) return node;
  return group.children.length === 1 ? group.children[0] : group;
}

/** The element under a name of a struct, or of a map's values. */
function memberOf(node: SchemaNode | undefined, name: string): SchemaNode | undefined {
  if (node?.element.converted_type === "MAP") return node.children[0]?.children[1];
  return node?.children.find((child) => child.element.name === name);
}

const NANOS: Readonly<Record<string, bigint>> = { MILLIS: 1_000_000n, MICROS: 1000n, NANOS: 1n };

function leaf(
  value: unknown,
  { type, converted_type: converted, logical_type: logical, scale }: Partial<SchemaElement> = {},
): string {
  if (value instanceof Uint8Array && scale === undefined) return JSON.stringify(`<${value.length} bytes>`);
  if (scale !== undefined && converted === undefined) return decimal(value as bigint | number | Uint8Array, scale);
  if (typeof value !== "bigint" && typeof value !== "number") return JSON.stringify(value);
  if (converted === "DATE") return JSON.stringify(dateText(BigInt(value)));
  if (type === "INT96") return JSON.stringify(timestampText(BigInt(value), 1n, false));
  const unit = NANOS[(logical && "unit" in logical ? logical.unit : converted?.split("_")[1]) ?? ""];
  const utc = logical === undefined || ("isAdjustedToUTC" in logical && logical.isAdjustedToUTC);
  if (unit && (logical?.type === "TIMESTAMP" || converted?.startsWith("TIMESTAMP_")))
    return JSON.stringify(timestampText(BigInt(value), unit, utc));
  if (unit && (logical?.type === "TIME" || converted?.startsWith("TIME_")))
    return JSON.stringify(timeText(BigInt(value) * unit, unit));
  return typeof value === "bigint" || !isFloat(type, logical?.type) ? String(value) : floatText(value);
}

const isFloat = (type?: string, logical?: string): boolean =>
  type === "FLOAT" || type === "DOUBLE" || logical === "FLOAT16";

/** A float as Python writes it; `null` for one that JSON does not have. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return "null";
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  const text = Object.is(value, -0) ? "-0" : String(value);
  return text.includes(".") ? text : `${text}.0`;
}

/** A decimal with all its digits, from its integer or the big-endian bytes of that. */
function decimal(value: bigint | number | Uint8Array, scale: number): string {
  const whole = value instanceof Uint8Array ? signed(value) : BigInt(value);
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${whole < 0n ? "-" : ""}${digits.slice(0, point)}${scale > 0 ? `.${digits.slice(point)}` : ""}`;
}

function signed(bytes: Uint8Array): bigint {
  const value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return BigInt.asIntN(8 * bytes.length, value);
}

const DAY_NANOS = 86_400_000_000_000n;

/** Days since 1970 as `2024-02-29`. */
function dateText(days: bigint): string {
  const date = new Date(Number(days) * 86_400_000);
  return Number.isNaN(date.getTime()) ? String(days) : date.toISOString().replace(/T.*/, "");
}

function timestampText(value: bigint, unit: bigint, utc: boolean): string {
  const nanos = value * unit;
  const ofDay = ((nanos % DAY_NANOS) + DAY_NANOS) % DAY_NANOS;
  return `${dateText((nanos - ofDay) / DAY_NANOS)} ${timeText(ofDay, unit)}${utc ? "+00:00" : ""}`;
}

/** Nanoseconds of a day as `01:02:03.000004`, with nine digits where the unit is a nanosecond and they count. */
function timeText(nanos: bigint, unit: bigint): string {
  const two = (value: bigint): string => String(value).padStart(2, "0");
  const seconds = nanos / 1_000_000_000n;
  const rest = nanos % 1_000_000_000n;
  const fraction =
    unit === 1n && rest % 1000n !== 0n ? String(rest).padStart(9, "0") : String(rest / 1000n).padStart(6, "0");
  return `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${rest === 0n ? "" : `.${fraction}`}`;
}
