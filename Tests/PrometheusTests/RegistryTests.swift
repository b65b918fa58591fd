import Prometheus
import Testing

@Suite struct RegistryTests {
    private let registry = Registry()

    private var text: String { String(decoding: registry.text(), as: UTF8.self) }

    @Test func `a counter is written with its help and type`() {
        registry.counter("jobs_total", help: "Jobs done.").add(3)
        #expect(text == "# HELP jobs_total Jobs done.\n# TYPE jobs_total counter\njobs_total 3\n")
    }

    @Test func `a gauge is written as a whole number when it is one`() {
        let gauge = registry.gauge("level", help: "Level.")
        gauge.set(2)
        #expect(text.hasSuffix("level 2\n"))
        gauge.add(0.5)
        #expect(text.hasSuffix("level 2.5\n"))
    }

    @Test func `a gauge that is asked for shows the value of the moment`() {
        let source = registry.counter("source_total", help: "")
        registry.gauge("mirror", help: "Mirror.") { Double(source.value) }
        source.add(7)
        #expect(text.contains("mirror 7\n"))
    }

    @Test func `series are sorted and their labels escaped`() {
        let family = registry.counters("hits_total", help: "Back\\slash\nline.", labels: ["path"])
        family.with("b").add()
        family.with("a\"\\\n").add(2)
        #expect(
            text == """
                # HELP hits_total Back\\\\slash\\nline.
                # TYPE hits_total counter
                hits_total{path="a\\"\\\\\\n"} 2
                hits_total{path="b"} 1

                """)
    }

    @Test func `a histogram's lines follow what was observed since the last scrape, and stay as they were else`() {
        let sizes = registry.histograms("size", help: "", buckets: [1], labels: ["queue"])
        let (mail, jobs) = (sizes.with("mail"), sizes.with("jobs"))
        func lines(_ queue: String) -> [Substring] {
            String(decoding: registry.text(), as: UTF8.self).split(separator: "\n").filter { $0.contains(queue) }
        }
        let empty = lines("jobs")
        for number in 1...3 {
            mail.observe(0)
            #expect(lines("mail").last == "size_count{queue=\"mail\"} \(number)")
            #expect(lines("mail").first == "size_bucket{queue=\"mail\",le=\"1\"} \(number)")
            #expect(lines("jobs") == empty)
        }
        jobs.observe(-2)
        jobs.observe(2)
        #expect(lines("jobs").last == "size_count{queue=\"jobs\"} 2")
        #expect(lines("mail").last == "size_count{queue=\"mail\"} 3")
    }

    @Test func `a histogram counts each value in every bucket that holds it`() {
        let histogram = registry.histograms("wait_seconds", help: "Wait.", buckets: [0.1, 1], labels: ["queue"])
            .with("main")
        histogram.observe(0.1)
        histogram.observe(0.5)
        histogram.observe(4)
        #expect(
            text == """
                # HELP wait_seconds Wait.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{queue="main",le="0.1"} 1
                wait_seconds_bucket{queue="main",le="1"} 2
                wait_seconds_bucket{queue="main",le="+Inf"} 3
                wait_seconds_sum{queue="main"} 4.6
                wait_seconds_count{queue="main"} 3

                """)
    }

    @Test func `values of a bounded label beyond the limit are counted as other`() {
        let bound = LabelBound(limit: 2)
        let family = registry.counters("hits_total", help: "", labels: ["tenant"], bounds: ["tenant": bound])
        for tenant in ["a", "b", "c", "d", "a"] { family.with(tenant).add() }
        #expect(text.contains("hits_total{tenant=\"a\"} 2\n"))
        #expect(text.contains("hits_total{tenant=\"other\"} 2\n"))
        #expect(!text.contains("\"c\""))
    }

    @Test func `a value is shown in all families of a bound or in none`() {
        let bound = LabelBound(limit: 1)
        let hits = registry.counters("hits_total", help: "", labels: ["tenant"], bounds: ["tenant": bound])
        let misses = registry.counters("misses_total", help: "", labels: ["tenant"], bounds: ["tenant": bound])
        hits.with("a").add()
        misses.with("b").add()
        #expect(text.contains("misses_total{tenant=\"other\"} 1\n"))
    }

    @Test func `a removed value leaves no series and gives its place free`() {
        let bound = LabelBound(limit: 1)
        let family = registry.counters("hits_total", help: "", labels: ["tenant"], bounds: ["tenant": bound])
        family.with("a").add()
        family.remove("tenant", "a")
        bound.release("a")
        family.with("b").add()
        #expect(!text.contains("\"a\""))
        #expect(text.contains("hits_total{tenant=\"b\"} 1\n"))
    }

    @Test func `counting from many tasks loses nothing`() async {
        let counter = registry.counter("hits_total", help: "")
        let histogram = registry.histograms("size", help: "", buckets: [1]).with()
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        counter.add()
                        histogram.observe(0.5)
                    }
                }
            }
        }
        #expect(counter.value == 8000)
        #expect(histogram.count == 8000)
        #expect(histogram.sum == 4000)
    }
}
