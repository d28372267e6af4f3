import { fourBit } from "./four-bit.ts";

/** 4-bit floats. @see bitsandbytes `functional.get_4bit_type`. */
export const fp4 = fourBit("fp4");
