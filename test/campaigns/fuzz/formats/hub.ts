import { readFileSync } from "node:fs";
import { chooseFiles } from "../../../../src/formats/hub/choose-files.ts";
import { listRevision } from "../../../../src/formats/hub/listing.ts";
import { hubClient } from "../../../../src/formats/hub/request.ts";
import { hubSettings } from "../../../../src/formats/hub/settings.ts";
import type { Format } from "../format.ts";
import { mutateJson } from "../mutate-json.ts";

const listing = {
  id: "org/model",
  sha: "89abcdef0123456789abcdef0123456789abcdef",
  siblings: [
    { rfilename: "config.json", size: 700, blobId: "a".repeat(40) },
    { rfilename: "tokenizer.json", size: 4_000, blobId: "b".repeat(40) },
    {
      rfilename: "model.safetensors",
      size: 100_000,
      blobId: "c".repeat(40),
      lfs: { sha256: "d".repeat(64), size: 100_000 },
    },
    { rfilename: "onnx/model.onnx", size: 1, lfs: { oid: "e".repeat(64) } },
    { rfilename: ".gitattributes" },
  ],
};

const HUB = "https://hub.invalid";

/** The Hub's list of a model's files. */
export const hub: Format = {
  name: "Hub listing",
  mutate: mutateJson,
  seeds: async () => [
    { name: "model", files: { "listing.json": Buffer.from(JSON.stringify(listing)) }, mutated: ["listing.json"] },
  ],
  async read(folder) {
    const body = new Uint8Array(readFileSync(`${folder}/listing.json`));
    globalThis.fetch = async () => Object.defineProperty(new Response(body), "url", { value: HUB });
    const client = hubClient(await hubSettings({ HF_ENDPOINT: HUB }), {
      kind: "model",
      id: "org/model",
      revision: "main",
    });
    const { files } = await listRevision(client);
    chooseFiles(
      files.map(({ name }) => name),
      { where: HUB },
    );
  },
};
