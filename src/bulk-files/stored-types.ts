import type { LogicalType } from 'hyparquet';
import type { StoredType } from './rows.ts';

/** What the values of a Parquet column mean; undefined: numbers and bytes as they are. */
export function logicalTypeOf(stored: StoredType): LogicalType | undefined {
  const { converted_type, logical_type, precision = 0, scale = 0 } = stored;
  if (logical_type !== undefined) return logical_type;
  // The older way to say the same.
  switch (converted_type) {
    case undefined:
    case 'MAP':
    case 'LIST':
    case 'MAP_KEY_VALUE':
      return undefined;
    case 'UTF8':
      return { type: 'STRING' };
    case 'DECIMAL':
      return { type: 'DECIMAL', precision, scale };
    case 'TIME_MILLIS':
    case 'TIME_MICROS':
      return { type: 'TIME', isAdjustedToUTC: true, unit: converted_type === 'TIME_MILLIS' ? 'MILLIS' : 'MICROS' };
    case 'TIMESTAMP_MILLIS':
    case 'TIMESTAMP_MICROS':
      return {
        type: 'TIMESTAMP',
        isAdjustedToUTC: true,
        unit: converted_type === 'TIMESTAMP_MILLIS' ? 'MILLIS' : 'MICROS',
      };
    case 'ENUM':
    case 'DATE':
    case 'JSON':
    case 'BSON':
    case 'INTERVAL':
      return { type: converted_type };
    default: {
      const [kind, bits] = converted_type.split('_');
      return { type: 'INTEGER', bitWidth: Number(bits), isSigned: kind === 'INT' };
    }
  }
}
