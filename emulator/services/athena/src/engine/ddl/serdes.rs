//! Hive's formats: SerDe, input and output format by the names that STORED AS and CTAS take.

/// The classes behind a name.
pub(crate) struct Classes {
    pub serde: &'static str,
    pub input: &'static str,
    pub output: &'static str,
}

pub(crate) const LAZY: &str = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";
const TEXT_IN: &str = "org.apache.hadoop.mapred.TextInputFormat";
const TEXT_OUT: &str = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat";

const TEXT: Classes = Classes { serde: LAZY, input: TEXT_IN, output: TEXT_OUT };
const JSON: Classes = Classes { serde: "org.openx.data.jsonserde.JsonSerDe", input: TEXT_IN, output: TEXT_OUT };
const PARQUET: Classes = Classes {
    serde: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    input: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    output: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
};
const ORC: Classes = Classes {
    serde: "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
    input: "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
    output: "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
};
const AVRO: Classes = Classes {
    serde: "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
    input: "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
    output: "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
};
const ION: Classes = Classes {
    serde: "com.amazon.ionhiveserde.IonHiveSerDe",
    input: "com.amazon.ionhiveserde.formats.IonInputFormat",
    output: "com.amazon.ionhiveserde.formats.IonOutputFormat",
};

/// The classes of a format's name; `None` for those that nothing here reads.
pub(crate) fn classes(name: &str) -> Option<&'static Classes> {
    Some(match name.to_ascii_lowercase().as_str() {
        "textfile" => &TEXT,
        "json" | "jsonfile" => &JSON,
        "parquet" | "parquetfile" => &PARQUET,
        "orc" | "orcfile" => &ORC,
        "avro" => &AVRO,
        "ion" => &ION,
        _ => return None,
    })
}
