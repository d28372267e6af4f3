import { fourBit } from "./four-bit.ts";

/**
 * 4-bit NormalFloat.
 * @see Dettmers et al. 2023, "QLoRA", arXiv:2305.14314, appendix E.
 */
export const nf4 = fourBit("nf4");
