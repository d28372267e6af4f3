import { defineArchitecture } from "../parts/architecture.ts";
import { robertaSpec } from "./roberta.ts";

/**
 * XLM-RoBERTa: RoBERTa, trained on a hundred languages.
 * Source: transformers, models/xlm_roberta/modeling_xlm_roberta.py; Conneau et al. 2019, arXiv:1911.02116.
 */
export const xlmRoberta = defineArchitecture({ ...robertaSpec, modelType: "xlm-roberta" });
