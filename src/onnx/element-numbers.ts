/** ONNX's numbers of element types, without the library of its messages, which takes a while to load. */
export const ELEMENT_NUMBERS = { FLOAT: 1, INT32: 6, INT64: 7, BOOL: 9, FLOAT16: 10 } as const;
