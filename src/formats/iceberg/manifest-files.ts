// The paths that a manifest names, for telling which files in a folder belong to the table. Iceberg spec, "Manifests".
import { SourceError } from '../../model/errors.ts'
import { openAvro } from '../avro.ts'

/** Calls back for every entry, removed ones included: `isLive` tells them apart. Throws SourceError 'corrupt'. */
export function eachManifestFile(
  bytes: Uint8Array,
  subject: string,
  call: (path: string, isLive: boolean) => void,
): void {
  openAvro(bytes, subject).rows(['status', 'data_file.file_path'], ([status, path]) => {
    if (typeof path !== 'string' || typeof status !== 'number')
      throw new SourceError('corrupt', `${subject}: an entry lacks its status or file_path`, { subject })
    call(path, status !== 2)
  })
}
