/** The cells of a table as lines, columns padded; numbers stand on the right. */
export function tableLines(rows: readonly (readonly (string | number)[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en-US") : cell)));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row, i) =>
    row
      .map((cell, column) =>
        (typeof rows[i]?.[column] === "number" ? cell.padStart : cell.padEnd).call(cell, widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
}

/** Last line of a campaign, which `.ci/run` counts. */
export const verdict = (passed: number, failed: number): string => `${passed} passed, ${failed} failed`;
