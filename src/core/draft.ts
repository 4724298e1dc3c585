/** What is being put together: its members can be set until it is handed on. */
export type Draft<Value> = { -readonly [Name in keyof Value]: Value[Name] };
