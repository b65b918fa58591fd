import Domain
import Foundation
import Testing

#if os(Linux)
    @Suite struct ThreadPriorityTests {
        /// The nice value is the nineteenth field of what Linux says of a thread; the second is in brackets.
        private func niceOfLoweredThread() async -> String? {
            await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    ThreadPriority.lower()
                    let stat = (try? String(contentsOfFile: "/proc/thread-self/stat", encoding: .utf8)) ?? ""
                    let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
                    continuation.resume(returning: fields.count > 16 ? String(fields[16]) : nil)
                }
            }
        }

        @Test func `a lowered thread stands behind the others`() async {
            #expect(await niceOfLoweredThread() == "5")
        }
    }
#endif
