import Domain
import Foundation
import Testing

#if os(Linux)
    @Suite struct ThreadPriorityTests {
        /// What Linux says of a thread: in `stat` the nice value is the nineteenth field, in `sched` the slice has a line.
        private func lowered() async -> (nice: String?, slice: String?) {
            await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    ThreadPriority.lower()
                    let folder = "/proc/thread-self"
                    let stat = (try? String(contentsOfFile: folder + "/stat", encoding: .utf8)) ?? ""
                    let sched = (try? String(contentsOfFile: folder + "/sched", encoding: .utf8)) ?? ""
                    let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
                    let slice = sched.split(separator: "\n").first { $0.hasPrefix("se.slice") }
                    continuation.resume(
                        returning: (
                            fields.count > 16 ? String(fields[16]) : nil,
                            slice?.split(separator: " ").last.map(String.init)
                        ))
                }
            }
        }

        @Test func `a lowered thread stands behind the others and lets them on soon`() async {
            let (nice, slice) = await lowered()
            #expect(nice == "5")
            // Kernels before 6.12 do not take the slice, and some are built without the line that tells it.
            let takesSlices = ProcessInfo.processInfo.isOperatingSystemAtLeast(
                OperatingSystemVersion(majorVersion: 6, minorVersion: 12, patchVersion: 0))
            if takesSlices, let slice { #expect(slice == String(ThreadPriority.slice)) }
        }
    }
#endif
